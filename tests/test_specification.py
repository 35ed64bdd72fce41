"""The documents in docs/ are valid, whole, and strict about all they name."""

from collections.abc import Iterator
from pathlib import Path
import shutil
import subprocess
import sys

from openapi_spec_validator import validate
import pytest

from script.bootstrap.asyncapi import PINNED, installed_parser
from tests.specification_documents import ASYNCAPI, DOCS, OPENAPI, Json, read, specification, token

ENVIRONMENT = Path(sys.prefix)
CACHE = DOCS.parent / ".cache"

PROBLEM = "urn:wesmart:problem:"
ANYWHERE = {"maintenance": 503, "rate-limited": 429}
WITH_BEARER = ANYWHERE | {"unauthorized": 401, "not-found": 404}
WHILE_NOT_BLOCKED = WITH_BEARER | {"account-suspended": 403, "account-terminated": 403, "terms-not-accepted": 403}
WITH_INPUT = {"invalid-request": 422}
PROBLEMS_OF_OPERATIONS = {
    "discover": ANYWHERE,
    "token": ANYWHERE,
    "revoke": ANYWHERE,
    "getAccount": WITH_BEARER,
    "acceptTerms": WITH_BEARER | WITH_INPUT,
    "getSnapshot": WHILE_NOT_BLOCKED,
    "openEvents": WHILE_NOT_BLOCKED | WITH_INPUT,
    "sendCommands": WHILE_NOT_BLOCKED | WITH_INPUT,
    "listFeedback": WITH_BEARER,
    "sendFeedback": WITH_BEARER | WITH_INPUT,
    "listDealers": ANYWHERE | WITH_INPUT | {"not-found": 404},
}
REJECTIONS = {"device-offline", "unsupported", "not-found", "invalid-request"}
EVENT_KINDS = {"state", "device", "device_removed", "home", "home_removed", "button", "account", "feedback"}


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


def test_the_lock_of_the_asyncapi_parser_names_no_download_address() -> None:
    """Packages come from wherever the developer's npm is told to look, and their hashes are checked."""
    lock = (PINNED / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


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
                if place.endswith("/OtherEndpoint") and name in ("features", "state"):
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


def constants(node: Json, name: str) -> set[str]:
    """Find every value a property of this name is required to have somewhere in a schema."""
    if isinstance(node, list):
        return set().union(*(constants(item, name) for item in node))
    if not isinstance(node, dict):
        return set()
    properties = node.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    own = {str(found["const"])} if isinstance(found, dict) and "const" in found else set()
    return own.union(*(constants(item, name) for item in node.values()))


def operations() -> Iterator[tuple[str, str]]:
    """Name every operation and its place."""
    for path, item in specification().members(f"{OPENAPI}#/paths").items():
        assert isinstance(item, dict)
        for method, operation in item.items():
            assert isinstance(operation, dict)
            yield str(operation["operationId"]), f"{OPENAPI}#/paths/{token(path)}/{method}"


def test_every_operation_may_give_exactly_the_problems_the_contract_says() -> None:
    """With the status each has, a schema, and an example in the answer itself."""
    found: dict[str, dict[str, int]] = {}
    for name, place in operations():
        found[name] = {}
        for status in specification().members(f"{place}/responses"):
            media = specification().members(f"{place}/responses/{status}/content/application~1problem+json")
            types = constants(media.get("schema"), "type")
            found[name] |= {kind.removeprefix(PROBLEM): int(status) for kind in types}
            if types:
                listed = media["examples"]
                assert isinstance(listed, dict)
                shown = {str(item["value"]["type"]) for item in listed.values()}  # type: ignore[call-overload, index]  # examples
                assert shown == types, f"{name} {status}"
    assert found == PROBLEMS_OF_OPERATIONS


def test_every_rejection_of_a_command_has_a_schema() -> None:
    """Each with an example, since every schema has one."""
    found = constants(specification().get(f"{OPENAPI}#/components/schemas/Rejection"), "type")
    assert found == {PROBLEM + name for name in REJECTIONS}


def test_every_event_kind_has_a_schema() -> None:
    """Each with an example, since every schema has one."""
    assert constants(specification().get(f"{ASYNCAPI}#/components/schemas/Event"), "kind") == EVENT_KINDS


def test_the_shared_models_are_written_once() -> None:
    """The stream's document refers to the models of the other."""
    assert not {place.rpartition("/")[2] for place in SCHEMAS if place.startswith(OPENAPI)} & set(
        specification().members(f"{ASYNCAPI}#/components/schemas")
    )


@pytest.mark.parametrize("name", [OPENAPI, ASYNCAPI, "contract.md"])
def test_every_document_says_first_that_the_contract_is_ours(name: str) -> None:
    """Nobody may take it for the vendor's."""
    first = " ".join((DOCS / name).read_text(encoding="utf-8").split("\n\n")[0:4]).lower()
    assert "unofficial" in first
    assert "not wesmart's" in first
    assert "not been tried against the vendor" in " ".join(first.split())
