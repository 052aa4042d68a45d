"""Secrets as settings files, commands, headers and text have them without quotes, and what stands there
instead in code and documentation."""

from __future__ import annotations

import base64
from random import Random

from tests.pipeline.steps.privacy.value_parts import BASE62, LETTERS, NAMES, digits

_WORDS = "dragon sunshine Monkey shadow Hunter ranger Summer winter Guangzhou beijing qingdao Falcon".split()
_NAMES = "password db_password DB_PASSWORD api_key apiKey client_secret secret access_token passwd MYSQL_PWD".split()

SETTINGS = (
    "\nDB_PASSWORD={}\n", "\nexport API_SECRET={}\n", "\npassword: {}\nuser: app\n", "\n  passwd = {}\n", "\naws_secret_access_key = {}\n",
    "\nspring.datasource.password={}\n", "\nset MYSQL_PWD={}\n", "<password>{}</password>", "\n- client_secret: {}\n", "\nENV APP_SECRET={}\n",
    "\nREDIS_PASS={} # cache\n", "\n[db]\npwd={}\n",
)  # fmt: skip
ANYWHERE = (
    "Set SECRET_ACCESS_KEY={} and go", "jdbc:mysql://db/app?user=root&password={}&ssl=true", "Server=db;User Id=sa;Password={};", "connect(password={}, port=1)", "-H 'X-Api-Key: {}'",
    "docker run -e POSTGRES_PASSWORD={} db", "tool --password={} go", "{{password: {}}}", "Password: {}, user: app", "grant_type=password&client_secret={}",
)  # fmt: skip
AFTER_HAN = (
    "密码：{}，",
    "登录密码是 {} 请勿外传",
    "初始密码为{}。",
    "口令: {}\n",
    "（密码：{}）",
    "默认密码「{}」",
    "密码已重置为 {}；",
    "密碼={} ",
)
ADDRESSES = (
    "postgres://app:{}@db.internal/prod", "mysql+pymysql://root:{}@db1:3306/app", "redis://:{}@cache:6379/0", "mongodb+srv://app:{}@cluster0.mongodb.net/x",
    "amqp://app:{}@rabbit.example.org", '"app:{}@tcp(db:3306)/app"', "smtp://me:{}@mail.example.org:25", "ldap://cn:{}@ldap1",
)  # fmt: skip
COMMANDS = (
    "mysql -u root -p{} app", "mysqldump -h db -uroot -p{} app > x", "curl -u admin:{} there", "curl -s --user app:{} there", "sshpass -p {} ssh root@host", "docker login -u app -p {} there",
    "redis-cli -h cache -a {} ping", "deploy --api-token {} --force", "psql --db-password {} app", "sshpass -p '{}' scp",
)  # fmt: skip
BEARERS = (
    'curl -H "Authorization: Bearer {}"', "Authorization: Bearer {}\n", "'Authorization': 'Bearer {}'", "authorization: Bearer {} ", 'setHeader("Authorization", "Bearer {}")',
)  # fmt: skip
BASICS = ("Authorization: Basic {}\n", '"Authorization": "Basic {}"', "Proxy-Authorization: Basic {} ")


def _taken(random: Random, characters: str, count: int) -> str:
    return "".join(random.choices(characters, k=count))


def random_secret(random: Random) -> str:
    """Made by a generator: letters and digits from the first to the last character."""
    middle = _taken(random, BASE62 + "_-!#^", random.randint(8, 20)) + _taken(random, "0123456789", 2)
    return random.choice([
        random.choice(LETTERS) + middle + _taken(random, BASE62, 3), _taken(random, BASE62, 13) + digits(random, 1) + random.choice(LETTERS), random.randbytes(16).hex(),
    ])  # fmt: skip


def chosen_secret(random: Random) -> str:
    """Made by a generator, or a word with a number."""
    word = random.choice(_WORDS)
    return random.choice(
        [
            random_secret(random),
            f"{word}{digits(random, 4)}",
            f"{word}@{digits(random, 3)}",
            f"{word}_{digits(random, 4)}{random.choice(LETTERS)}",
        ]
    )


def password_of_address(random: Random) -> str:
    plain = random.choice(
        [
            _taken(random, BASE62, 12) + "7x",
            f"{random.choice(_WORDS)}{digits(random, 4)}",
            "S3" + _taken(random, BASE62, 8),
        ]
    )
    return plain.replace("x", random.choice(["x", "%40", "!"]))


def bearer(random: Random) -> str:
    body = _taken(random, BASE62 + "-._", random.randint(20, 60))
    return random.choice(LETTERS) + body + digits(random, 2) + _taken(random, BASE62, 3)


def basic(random: Random) -> str:
    return base64.b64encode(f"{random.choice(NAMES)}:{chosen_secret(random)}".encode()).decode()


def no_secret(random: Random) -> str:
    """What code, types, templates and explanations have after a secret's name."""
    name, other = random.choice(_NAMES), random.choice(NAMES)
    value = random.choice([
        "os.environ['DB_PASSWORD1']", "${DB_PASSWORD1}", "{{ vault.password2 }}", "<your-token-1>", "getpass2()", "str", "Optional[str32]", "tokens[0]", "settings.SECRET_KEY2", "self.password1", "password1",
        "config.get('x1')", "your-api-key-1", "xxxxxxxx1", "********1", "changeme123", "EXAMPLEKEY123", f"get_{other}2(x)", f"{other}_{other}", f"{other}2", "None", "null", "true", "sha256sum", "base64encoded",
        "uint256", "v1.22.333-beta4", "2024-01-15T00:00:00Z", "tls/server1.key", "client-key2.pem", "%s", "$1", "string128", "{0}", "!vault |", "*anchor1", f"{digits(random, 8)}", f"{other.title()}.{name}2", "8 characters",
        "至少 8 位，含 A1", f"hash_of_{other}_v2", "utf8mb4_bin2", "md5(salt1)", "len(x1)", f"user2.{other}.name",
    ])  # fmt: skip
    sign = random.choice(["=", " = ", ": ", ":", " == ", " => "])
    return random.choice([
        f"{name}{sign}{value}", f"\n{name}{sign}{value}\n", f"f({name}={value})", f"<password>{value}</password>", f"密码：{value}", f"密码是 {value}", f"mysql -u root -p {value}", f"curl -u {other}: there",
        f"postgres://{other}:{random.choice(['password', '123456', 'postgres', '${PASSWORD1}', '<password1>'])}@db/app", f"Authorization: Bearer {random.choice(['<token>', '{token}', 'your-token-1234567', '$TOKEN1'])}", f"mkdir -p {other}2024/x1",
        f"ssh -p 2222 {other}1", "docker run -p 8080:80 -u 1000:1000 x1", f"--{other}-file secrets2024", "Basic training101 and Bearer bonds2024", f"class=x{digits(random, 8)}a", f"{other}:{digits(random, 4)}a{digits(random, 5)}",
    ])  # fmt: skip
