"""Text that is mostly codes, numbers, names and addresses: its language is that of the words between."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.steps.language.words_alone import words_alone
from tests.pipeline.steps.language.test_language_step import identify, needs_model, verdict


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "ISBN 978-3-16-148410-0 and DOI 10.1000/182 and arXiv:2309.10706 are references.",
            " and and are references ",
        ),
        (
            "See https://user:pw@example.com/p?t=1 and http://例子.中国/路径 for details.",
            "See and for details ",
        ),
        ("看https://example.com/下载/文件。再看https://example.com即可下载", "看 再看 即可下载"),
        ("www.example.org/a_(b), j.smith@example.com, /usr/lib or C:\\Windows", " or "),
        ("The max_connections of gRPC is 200, don’t touch it", "The of is don’t touch it"),
        ("使用USB、HDMI接口，型号SM-G9910。", "使用 接口，型号 "),
        ("Größe: 12,5 cm; café naïve", "Größe cm café naïve"),
        ("ภาษาไทย 2 คำ हिन्दी 3", "ภาษาไทย คำ हिन्दी "),
        ("", ""),
    ],
)
def test_what_is_no_word_is_left_out(text: str, words: str) -> None:
    assert words_alone(pa.array([text], pa.large_string())).to_pylist() == [words]


ENGLISH = [
    "ISBN 978-3-16-148410-0 and ISSN 2049-3630 and DOI 10.1000/182 and arXiv:2309.10706 and RFC 2616 are references.",
    "See https://user:pass123@example.com/path?token=abcdef1234567890 and http://例子.中国/路径 and www.example.org/a_(b) for details.",
    "The gene BRCA1 (17q21.31) encodes a 1863-aa protein.",
    "Version 3.11.7 fixes bpo-45678 and gh-98765 on win32, macOS and linux.",
    "Intel Core i7-13700K, AMD Ryzen 7 7800X3D, NVIDIA RTX 4070 Ti SUPER and 32 GB DDR5-6000 RAM.",
    "Order no. 48213-B: 2x Makita DHP484Z, 1x Bosch GSR 12V-15, 3x Wera 05003991001; total 412.60 EUR.",
    "Python, Java, C++, Rust, Go, Kotlin, Haskell and Scala.",
    "The word 猫 means cat, 犬 means dog, and 鳥 means bird.",
    "Use SPI0 on GPIO10, I2C1 on GPIO2 and UART0 on GPIO14 of the Raspberry Pi 4B.",
    "The MAC is 00:1A:2B:3C:4D:5E or 00-1a-2b-3c-4d-5e or 001A.2B3C.4D5E on that switch.",
]
CHINESE = [
    "产品型号：SM-G9910，CPU：Snapdragon 888，RAM 8GB，ROM 256GB，OS：Android 13。",
    "参见 GB/T 19001-2016、ISO 9001:2015、IEC 60601-1 及 YY 0505-2012。",
    "显卡：NVIDIA GeForce RTX 4070 Ti SUPER 16GB GDDR6X，显存带宽 672GB/s",
    "DNA、RNA、ATP、NADPH 与 PCR 的区别",
    "歌曲《Yesterday Once More》，作者：Richard Carpenter，收录于专辑",
    "请访问 https://www.example.com/zh/index.html 或发邮件至 service@example.com 咨询。",
    "本文介绍 LLaMA-2-70B、GPT-4、Qwen-14B 在 MMLU、C-Eval、CMMLU 上的结果。",
    "ISBN 978-7-111-12345-6，定价59.00元。",
    "版本 v2.3.1 修复 bug，优化 UI。",
    "运行 docker run -d -p 8080:80 nginx 启动容器。",
]


@needs_model
@pytest.mark.parametrize(
    ("text", "language"), [*((text, "en") for text in ENGLISH), *((text, "zh") for text in CHINESE)]
)
def test_codes_among_the_words_do_not_tell_the_language(text: str, language: str) -> None:
    found = identify([text])
    assert found.kept.column("language").to_pylist() == [language]


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        "ISO 9001, ISO 14001, DIN EN 10204 and ASTM A36 apply.",
        "Vitamin C 80 mg, vitamin B6 1.4 mg, vitamin B12 2.5 µg, zinc 10 mg per tablet.",
        "Score: Arsenal 2-1 Chelsea, Bayern 3-0 Dortmund, Real Madrid 4-2 Atlético.",
        "Smith et al. (2019), Müller & Schmidt (2020), García-López (2021), Nguyen (2022).",
        "Bach BWV 1007, Mozart KV 525, Vivaldi RV 269.",
        "BMW 320d xDrive, Audi A4 2.0 TDI quattro, VW Passat 1.6 TDI",
        "k1 + k2 = 10 and k1 - k2 = 4.",
        "安装方法：pip install numpy pandas matplotlib scikit-learn",
    ],
)
def test_a_few_names_are_no_third_language(text: str) -> None:
    found = identify([text])
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert found.rejected.column("detail")[0].as_py().startswith("und ")


# The beginnings of works in the public domain, and what a page with codes in these languages looks like.
OTHERS = {
    "de": [
        "Als Gregor Samsa eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett zu einem ungeheueren Ungeziefer verwandelt.",
        "Habe nun, ach! Philosophie, Juristerei und Medizin, und leider auch Theologie durchaus studiert, mit heißem Bemühn.",
        "Es war einmal mitten im Winter, und die Schneeflocken fielen wie Federn vom Himmel herab.",
        "Die ISBN 978-3-16-148410-0 und die ISSN 2049-3630 stehen in der Liste der Quellen.",
    ],
    "fr": [
        "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte, mes yeux se fermaient si vite que je n’avais pas le temps de me dire : « Je m’endors. »",
        "Le bon sens est la chose du monde la mieux partagée ; car chacun pense en être si bien pourvu.",
        "Le 15 mai 1796, le général Bonaparte fit son entrée dans Milan à la tête de cette jeune armée.",
        "Voir ISBN 978-2-07-036822-8, tome 3, pages 12 à 45, et le site www.example.fr pour les détails.",
    ],
    "es": [
        "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo.",
    ],
    "it": [
        "Quel ramo del lago di Como, che volge a mezzogiorno, tra due catene non interrotte di monti.",
    ],
    "ja": [
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",
        "親譲りの無鉄砲で小供の時から損ばかりしている。小学校に居る時分学校の二階から飛び降りて一週間ほど腰を抜かした事がある。なぜそんな無闇をしたと聞く人があるかも知れぬ。",
        "祇園精舎の鐘の声、諸行無常の響きあり。沙羅双樹の花の色、盛者必衰の理をあらはす。おごれる人も久しからず、唯春の夜の夢のごとし。",
        "USB-C端子、HDMI 2.1、Wi-Fi 6に対応。価格は29,800円(税込)。送料は無料です。お問い合わせは03-1234-5678まで。",
    ],
    "ko": [
        "죽는 날까지 하늘을 우러러 한 점 부끄럼이 없기를, 잎새에 이는 바람에도 나는 괴로워했다. 별을 노래하는 마음으로 모든 죽어가는 것을 사랑해야지.",
        "나 보기가 역겨워 가실 때에는 말없이 고이 보내 드리우리다. 영변에 약산 진달래꽃 아름 따다 가실 길에 뿌리우리다.",
    ],
}


@needs_model
@pytest.mark.parametrize(
    ("text", "language"), [(text, name) for name, texts in OTHERS.items() for text in texts]
)
def test_other_languages_of_sixty_to_three_hundred_characters_are_theirs(text: str, language: str) -> None:
    assert 60 <= len(text) <= 300
    assert verdict(text)[0] == language
    assert identify([text]).kept.num_rows == 0
