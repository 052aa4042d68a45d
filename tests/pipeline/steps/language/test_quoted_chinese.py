"""English that quotes Chinese is English; who writes both is unsure, and Chinese that quotes English is Chinese."""

from __future__ import annotations

import pytest

from tests.pipeline.steps.language.test_language_step import identify, needs_model

ENGLISH = (
    "Every rule of the firewall is read from top to bottom until one of them matches. The administrator "
    "therefore writes the most special rules first, and the policy that holds for everything else last. "
)
RULE = "add rule ip filter DOCKER-ISOLATION-STAGE-2 iifname docker0 counter packets 0 bytes 0 drop\n"
CHINESE = "防火墙逐条读取规则，直到某一条与数据包相符为止。因此管理员应当先写最特殊的规则，最后再写适用于其他一切情况的策略。"


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        # A translated heading and nothing else that is.
        "14.4. 防火墙或者数据包过滤 \n"
        + "```\n"
        + RULE * 12
        + "```\n"
        + "Read the rules. Write the rules.\n"
        + RULE * 3,
        "The word 鼠标 becomes 滑鼠 with OpenCC, which knows about the phrases that writers of Taiwan prefer.\n",
        ENGLISH + "規則 策略 數據包 管理員",
    ],
)
def test_english_that_quotes_chinese_is_english(text: str) -> None:
    assert identify([text]).kept.column("language").to_pylist() == ["en"]


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        CHINESE,
        "使用 docker run -d -p 8080:80 nginx 启动容器，再用 docker ps -a 查看状态，用 docker logs -f nginx 查看日志。",
    ],
)
def test_chinese_that_quotes_english_is_chinese(text: str) -> None:
    assert identify([text]).kept.column("language").to_pylist() == ["zh"]


@needs_model
@pytest.mark.parametrize("characters", [22, 26, 30])
def test_text_in_both_is_unsure(characters: int) -> None:
    found = identify([(ENGLISH + CHINESE[:characters] + "\n") * 3])
    assert found.rejected.column("reason").to_pylist() == ["language_unsure"]
    assert found.rejected.column("detail")[0].as_py().startswith("zh 0.")
