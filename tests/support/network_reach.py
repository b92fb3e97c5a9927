"""Who reaches whom under a set of NetworkPolicies, as the Kubernetes API defines them.

A policy speaks for the pods that it selects. Once any policy speaks for a pod in a direction, only what some
policy lets through passes in that direction. Between two pods, a connection needs the consent of both ends.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a label selector takes in a pod with these labels; an empty one takes in all."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _fits(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _fits(expression: Mapping[str, Any], labels: Labels) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case other:
            raise AssertionError(f"The operator {other} is not used here.")


def pod_reaches_pod(policies: Iterable[Mapping[str, Any]], source: Labels, target: Labels, port: int) -> bool:
    """Whether one pod of the namespace may open a TCP connection to another."""
    specs = [policy["spec"] for policy in policies]
    return _passes(specs, "Egress", source, target, port) and _passes(specs, "Ingress", target, source, port)


def pod_reaches_address(
    policies: Iterable[Mapping[str, Any]], source: Labels, address: str, port: int
) -> bool:
    """Whether a pod may open a TCP connection to an address outside of the cluster."""
    return any(
        _port_fits(rule, port)
        and any(_covers(peer["ipBlock"], address) for peer in rule["to"] if "ipBlock" in peer)
        for policy in policies
        if "Egress" in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], source)
        for rule in policy["spec"].get("egress", [])
    )


def _passes(
    specs: Iterable[Mapping[str, Any]], direction: str, pod: Labels, other: Labels, port: int
) -> bool:
    rules, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    return any(
        _port_fits(rule, port) and any(_is_peer(peer, other) for peer in rule[peers])
        for spec in specs
        if direction in spec["policyTypes"] and selects(spec["podSelector"], pod)
        for rule in spec.get(rules, [])
    )


def _is_peer(peer: Mapping[str, Any], labels: Labels) -> bool:
    """Of this namespace: a peer that names others is another one's pod."""
    return "podSelector" in peer and "namespaceSelector" not in peer and selects(peer["podSelector"], labels)


def _port_fits(rule: Mapping[str, Any], port: int) -> bool:
    return any(entry["port"] == port and entry["protocol"] == "TCP" for entry in rule["ports"])


def _covers(block: Mapping[str, Any], address: str) -> bool:
    wanted = ip_address(address)
    return wanted in ip_network(block["cidr"]) and not any(
        wanted in ip_network(hole) for hole in block.get("except", [])
    )
