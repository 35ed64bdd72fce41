"""The documents in docs/ are valid, complete, and strict about everything they name."""

from collections.abc import Iterator
from pathlib import Path
import re
import shutil
import subprocess
import sys

from openapi_spec_validator import validate
import pytest

from script.bootstrap.asyncapi import PINNED, installed_parser
from tests.specification_documents import ASYNCAPI, DOCS, OPENAPI, Json, read, specification, token

ENVIRONMENT = Path(sys.prefix)
CACHE = DOCS.parent / ".cache"
# Fields of a later version, and commands, each of which is judged by itself.
FREE_FIELDS = {("OtherEndpoint", "features"), ("OtherEndpoint", "state"), ("CommandRequest", "commands")}
TESTS = Path(__file__).parent
CODE = DOCS.parent / "custom_components"


def schemas() -> Iterator[str]:
    """Name the place of every schema the documents name."""
    for name in (OPENAPI, ASYNCAPI):
        for schema in specification().members(f"{name}#/components/schemas"):
            yield f"{name}#/components/schemas/{schema}"


def examples() -> Iterator[tuple[str, str, Json]]:
    """Find every example in the documents: where it stands, the place of its schema, and the example."""
    for name in (OPENAPI, ASYNCAPI):
        yield from _examples(f"{name}#", read(name))


def _examples(place: str, node: Json) -> Iterator[tuple[str, str, Json]]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _examples(f"{place}/{index}", item)
    elif isinstance(node, dict):
        yield from _own_examples(place, node)
        for key, item in node.items():
            if key not in ("examples", "example"):
                yield from _examples(f"{place}/{token(key)}", item)


def _own_examples(place: str, node: dict[str, Json]) -> Iterator[tuple[str, str, Json]]:
    listed = node.get("examples", [])
    if isinstance(listed, dict) and "schema" in node:  # a media type or header
        for key in listed:
            example = specification().members(f"{place}/examples/{token(key)}")
            yield f"{place}/examples/{key}", f"{place}/schema", example["value"]
    elif isinstance(listed, list):
        for index, item in enumerate(listed):
            if "payload" in node:  # an AsyncAPI message
                assert isinstance(item, dict)
                yield f"{place}/examples/{index}", f"{place}/payload", item["payload"]
            else:  # a schema
                yield f"{place}/examples/{index}", place, item
    if "example" in node:  # a header or parameter
        yield f"{place}/example", f"{place}/schema", node["example"]


EXAMPLES = list(examples())
SCHEMAS = list(schemas())


def examples_of(place: str) -> list[dict[str, Json]]:
    """Return the examples of a schema that are objects."""
    return [example for _, schema, example in EXAMPLES if schema == place and isinstance(example, dict)]


@pytest.fixture(scope="module")
def asyncapi_parser() -> Path:
    """Return the folder that holds the official parser."""
    folder = installed_parser(CACHE)
    if folder is None:
        pytest.fail("The AsyncAPI parser is not installed: run script/setup --checks.", pytrace=False)
    return folder


def validate_asyncapi(parser: Path, document: Path) -> tuple[int, str]:
    """Run the official parser; return its exit code and what it says."""
    command = [ENVIRONMENT / "bin" / "node", PINNED / "validate.mjs", parser, document]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own node
    return done.returncode, done.stdout + done.stderr


def test_the_openapi_document_is_valid() -> None:
    """Held against the OpenAPI Initiative's own schema, references followed."""
    validate(read(OPENAPI), base_uri=(DOCS / OPENAPI).as_uri())


def test_the_asyncapi_document_is_valid(asyncapi_parser: Path) -> None:
    """Held against the official parser, which also follows references into the OpenAPI document."""
    code, output = validate_asyncapi(asyncapi_parser, DOCS / ASYNCAPI)
    assert code == 0, output
    assert "4 messages" in output


@pytest.mark.parametrize(
    ("sound", "broken", "said"),
    [
        ("#/components/schemas/StateChange", "#/components/schemas/StateChanges", "does not exist"),
        ("action: send", "action: sent", "action"),
    ],
)
def test_the_asyncapi_parser_finds_what_is_broken(
    asyncapi_parser: Path, tmp_path: Path, sound: str, broken: str, said: str
) -> None:
    """A validator that accepts everything would prove nothing."""
    for name in (OPENAPI, ASYNCAPI):
        shutil.copy(DOCS / name, tmp_path)
    text = (tmp_path / ASYNCAPI).read_text(encoding="utf-8")
    assert sound in text
    (tmp_path / ASYNCAPI).write_text(text.replace(sound, broken), encoding="utf-8")
    code, output = validate_asyncapi(asyncapi_parser, tmp_path / ASYNCAPI)
    assert code == 1
    assert said in output


def nodes(node: Json) -> Iterator[dict[str, Json]]:
    """Iterate over all objects of a document."""
    if isinstance(node, list):
        for item in node:
            yield from nodes(item)
    elif isinstance(node, dict):
        yield node
        for item in node.values():
            yield from nodes(item)


@pytest.mark.parametrize("name", [OPENAPI, ASYNCAPI])
def test_generators_of_clients_can_read_the_document(name: str) -> None:
    """They look schemas up by name, not by a path into another schema, and know no schema that is true or false."""
    for node in nodes(read(name)):
        if isinstance(reference := node.get("$ref"), str) and "/components/" in reference:
            assert reference.rpartition("/components/")[2].count("/") == 1, reference
        if isinstance(properties := node.get("properties"), dict):
            assert [key for key, schema in properties.items() if isinstance(schema, bool)] == []


def test_every_example_is_valid() -> None:
    """Examples are what people implement from."""
    faults = {where: specification().faults(place, example) for where, place, example in EXAMPLES}
    assert {where: found for where, found in faults.items() if found} == {}
    assert len(faults) > 100


def test_every_schema_of_an_object_has_an_example() -> None:
    """An `anyOf` has those of its branches."""
    objects = [place for place in SCHEMAS if specification().members(place).get("type") == "object"]
    assert [place for place in objects if not examples_of(place)] == []
    assert len(objects) > 50


def test_a_required_field_that_is_missing_is_found() -> None:
    """In every schema, for every field, at the place where it is missing."""
    tried = 0
    for place in SCHEMAS:
        for example in examples_of(place):
            for name in _required(specification().members(place)):
                faults = specification().faults(place, {key: item for key, item in example.items() if key != name})
                assert any(f"'{name}' is a required property" in fault for fault in faults), f"{place} {name}: {faults}"
                tried += 1
    assert tried > 150


def test_a_field_of_a_wrong_type_is_found() -> None:
    """In every schema, for every field but those a later version fills."""
    tried = 0
    for place in SCHEMAS:
        for example in examples_of(place):
            for name in set(example) & _properties(specification().members(place)):
                if (place.rpartition("/")[2], name) in FREE_FIELDS:
                    continue
                faults = specification().faults(place, example | {name: [{"wrong": True}]})
                assert any(f"at '/{name}" in fault for fault in faults), f"{place} {name}: {faults}"
                tried += 1
    assert tried > 200


def _required(schema: dict[str, Json]) -> set[str]:
    required = schema.get("required", [])
    assert isinstance(required, list)
    return {str(name) for name in required}.union(*(_required(part) for part in _parts(schema)))


def _properties(schema: dict[str, Json]) -> set[str]:
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    return set(properties).union(*(_properties(part) for part in _parts(schema)))


def _parts(schema: dict[str, Json]) -> list[dict[str, Json]]:
    parts = schema.get("allOf", [])
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, dict)]


def test_the_shared_models_are_written_once() -> None:
    """The stream's document refers to the models of the other."""
    assert not {place.rpartition("/")[2] for place in SCHEMAS if place.startswith(OPENAPI)} & set(
        specification().members(f"{ASYNCAPI}#/components/schemas")
    )


def test_rules_are_numbered_and_those_that_are_cited_exist() -> None:
    """Each number once."""
    rules = [
        int(number) for number in re.findall(r"^- \*\*C-(\d+)\*\*", (DOCS / "contract.md").read_text(), re.MULTILINE)
    ]
    assert len(rules) == len(set(rules))
    sources = {path: path.read_text(encoding="utf-8") for path in [*TESTS.glob("**/*.py"), *CODE.glob("**/*.py")]}
    cited = {path: {int(number) for number in re.findall(r"\bC-(\d+)\b", text)} for path, text in sources.items()}
    assert {path: numbers for path, numbers in cited.items() if not numbers <= set(rules)} == {}
