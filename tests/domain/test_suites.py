"""Tests as lines of a diff: what defines one, what holds it back, what no test is."""

import time

import pytest

from fleet.domain.manifests import only_versions
from fleet.domain.suites import defined_tests, holds_tests, may_define


@pytest.mark.parametrize(
    "path",
    [
        *("test_a.py", "src/test_a.py", "a_test.py", "pkg/a_test.go", "a.test.ts", "a.spec.jsx"),
        *("src/ATest.java", "spec/a_spec.rb", "tests/helpers.py", "__tests__/a.js", "Tests/X.PY"),
        *("a.bats", "tests/run.sh"),
    ],
)
def test_a_file_of_tests_is_known_by_its_name_or_folder(path):
    assert holds_tests(path)


@pytest.mark.parametrize(
    "path", ["src/a.py", "tests/data/a.json", "docs/testing.md", "contest.py", "latest.go"]
)
def test_another_file_is_none(path):
    assert not holds_tests(path)


def test_rust_defines_tests_beside_what_they_test():
    assert may_define("src/lib.rs")
    assert not may_define("src/lib.go")


@pytest.mark.parametrize(
    "line",
    [
        *("def test_a():", "    async def test_a(self):", "it('adds', () => {", "  test(`a`, f)"),
        *(
            "test.each([[1]])('a', f)",
            "func TestA(t *testing.T) {",
            "    #[test]",
            "#[tokio::test]",
        ),
        *("  @Test", "@ParameterizedTest", "[Fact]", "public function testA() {", "TEST_F(A, B) {"),
        *("  it 'adds' do", '@test "adds" {', "func testA() throws {"),
    ],
)
def test_a_line_defines_one_test(line):
    assert defined_tests([line]) == 1


@pytest.mark.parametrize(
    "line",
    [
        *("@pytest.mark.skip", "@unittest.skip('x')", "    pytest.skip('x')", "#[ignore]"),
        *("xit('a', f)", "describe.skip('a', f)", "@Disabled", "t.Skip()", "  @pytest.mark.xfail"),
    ],
)
def test_a_line_holds_one_test_back(line):
    assert defined_tests([line]) == -1


@pytest.mark.parametrize(
    "line",
    ["def contest():", "edit('a')", "# def test_a", "latest = 1", "def test_a():" + " " * 400],
)
def test_a_line_is_about_no_test(line):
    assert defined_tests([line]) == 0


@pytest.mark.parametrize(
    "line",
    [
        *("", "  ]", '  "pydantic>=2.10,<3",', "'a[b]==1.2',", '"lodash": "^4.17.21",'),
        *('version = "1.2.3"', "  golang.org/x/net v0.1.2 // indirect", 'serde = "1.0"'),
    ],
)
def test_a_version_or_a_dependency_is_harmless(line):
    assert only_versions([line])


@pytest.mark.parametrize(
    "line",
    [
        *('addopts = "--co"', '"test": "true"', "harness = false", 'path = "src/x.rs"'),
        *("[tool.pytest.ini_options]", "replace x => ../y", '"tests/vacuous"', '"-p no:x",'),
        *('fail_under = "0.0"', '"jest.testRegex": "1.0"', "fail_under = 0", "a" * 400),
        *(
            'python_files = "*.none"',
            '"pytest11" = "x:y"',
            'build-backend = "evil"',
            "x = { a = 1 }",
        ),
    ],
)
def test_anything_else_in_a_manifest_is_looked_at(line):
    assert not only_versions(['version = "1.2.3"', line])


def test_lines_made_to_take_long_take_no_time():
    lines = [
        '"' + "1." * 140,
        "1" * 290,
        " " * 290,
        "test(" * 70,
        "it.each" * 50,
        '"a>=' + "1," * 130,
    ]
    began = time.monotonic()

    defined_tests(lines * 500)
    [only_versions([line]) for line in lines * 500]

    assert time.monotonic() - began < 5
