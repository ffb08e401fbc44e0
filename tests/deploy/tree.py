# SPDX-License-Identifier: Apache-2.0
"""What the tests of deploy/ read: files of the tree, and the manifests as Kustomize takes them together."""
import os

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASE = "deploy/kubernetes"


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def documents(path):
    return list(yaml.safe_load_all(text(path)))


def kustomization():
    [one] = documents(f"{BASE}/kustomization.yaml")
    return one


def objects():
    """(kind, name) → object, of all resources that the kustomization names."""
    found = {}
    for resource in kustomization()["resources"]:
        for each in documents(f"{BASE}/{resource}"):
            found[each["kind"], each["metadata"]["name"]] = each
    return found


def settings():
    [one] = documents(f"{BASE}/kodama.yaml")
    return one
