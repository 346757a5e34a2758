"""What may be reached: which words are hosts, what a CLI needs, what stays closed."""

from ipaddress import ip_address

import pytest

from fleet.domain.agent import AGENTS
from fleet.domain.egress import (
    API_HOSTS,
    Destination,
    allow_list,
    closed_ranges,
    destination,
)
from fleet.domain.errors import ConfigError

HOST_OWN = ("203.0.113.9/32", "2a00::9/128")


def reachable(address: str, *listed: str) -> bool:
    closed = closed_ranges(map(destination, listed), own=HOST_OWN)
    return not any(ip_address(address) in each for each in closed)


@pytest.mark.parametrize(
    ("text", "host", "ports"),
    [
        ("api.example.com", "api.example.com", (80, 443)),
        ("API.Example.com:8443", "api.example.com", (8443,)),
        ("*.example.com", ".example.com", (80, 443)),
        ("gateway:11434", "gateway", (11434,)),
        ("10.1.2.3", "10.1.2.3/32", (80, 443)),
        ("10.1.0.0/24:5000", "10.1.0.0/24", (5000,)),
        ("fd00::1", "fd00::1/128", (80, 443)),
        ("[fd00::1]:8080", "fd00::1/128", (8080,)),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", (80, 443)),
    ],
)
def test_a_host_is_a_name_or_addresses_with_a_port(text, host, ports):
    assert destination(text) == Destination(host=host, ports=ports)


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "*.com", "a b", "a..b", "-a.com", "a.com/path", "https://a.com", "me@a.com"),
        *("a.com:", "a.com:0", "a.com:65536", "a.com:+80", "a.com:٣", "10.0.0.1/24", "a.com\nb"),
        # what a resolver could read as an address
        *("127.1", "0x7f.1", "0x7f000001", "2130706433", "010.0.0.1", "10.0.0.256", "a.0x7f"),
        # what would be more than a word in the proxy's configuration
        *('a"b.com', "a.com #x", "a.com\thttp_access", "a" * 64 + ".com", "a." * 130 + "com"),
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ConfigError):
        destination(text)


def test_every_agent_has_its_hosts_and_each_is_a_host():
    assert API_HOSTS.keys() == AGENTS.keys()
    for hosts in API_HOSTS.values():
        assert [destination(host).host for host in hosts] == list(hosts)


def test_an_attempt_may_reach_its_api_its_gateway_and_its_projects_list():
    listed = [destination("pypi.org"), destination("api.openai.com")]

    allowed = allow_list("codex", listed, base_url="http://10.1.2.3:4000/v1")

    assert [(each.host, each.ports) for each in allowed] == [
        ("api.openai.com", (80, 443)),
        ("chatgpt.com", (80, 443)),
        ("auth.openai.com", (80, 443)),
        ("10.1.2.3/32", (4000,)),
        ("pypi.org", (80, 443)),
    ]


@pytest.mark.parametrize(
    ("base_url", "host", "port"),
    [
        ("https://gateway.example/v1", "gateway.example", 443),
        ("http://gateway.example", "gateway.example", 80),
        ("https://[fd00::1]:8443/", "fd00::1/128", 8443),
    ],
)
def test_a_gateway_is_reached_at_its_own_port_alone(base_url, host, port):
    assert allow_list("command", (), base_url=base_url) == (Destination(host=host, ports=(port,)),)


@pytest.mark.parametrize(
    "address",
    [
        *("10.9.8.7", "172.17.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "203.0.113.9", "2a00::9"),
        *("::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "fd00:ec2::254"),
        *("2002:a9fe:a9fe::1", "2001::1", "ff02::1"),
    ],
)
def test_private_addresses_and_the_hosts_own_stay_closed(address):
    assert not reachable(address)
    assert not reachable(address, "api.example.com", "*.example.com")


def test_public_addresses_are_open_to_listed_names():
    assert reachable("93.184.216.34")
    assert reachable("2606:2800:220::1")


def test_a_listed_address_is_open_and_its_neighbours_stay_closed():
    assert reachable("10.1.2.3", "10.1.2.3:8080")
    assert not reachable("10.1.2.4", "10.1.2.3:8080")
    assert reachable("10.1.0.77", "10.1.0.0/24")
    assert not reachable("10.1.1.0", "10.1.0.0/24")
    assert reachable("203.0.113.9", "203.0.113.9")
    assert reachable("fd00::5", "fd00::/64")
    # a list wider than a closed range opens all of it
    assert reachable("10.255.0.1", "8.0.0.0/6")
