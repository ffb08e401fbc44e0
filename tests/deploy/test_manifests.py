# SPDX-License-Identifier: Apache-2.0
"""That what deploy/ says in several places agrees: manifests, settings, image, and the broker itself. No cluster is needed."""
import os
import re
import subprocess
import tempfile
import unittest

import tree

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
GRACE_MARGIN = 5  # seconds, between the last moment of a drain and the kubelet's SIGKILL


def amount(value, units):
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", value).groups()
    return int(number) * units[unit]


def port(address):
    return int(address.rsplit(":", 1)[1])


class Manifests(unittest.TestCase):
    def setUp(self):
        self.objects = tree.objects()
        self.settings = tree.settings()
        self.deployment = self.objects["Deployment", "kodama"]["spec"]
        self.pod = self.deployment["template"]["spec"]
        [self.container] = self.pod["containers"]

    def test_the_base_has_its_parts_and_every_file_is_used(self):
        self.assertEqual(sorted(self.objects), [("Deployment", "kodama"), ("PodDisruptionBudget", "kodama"),
                                                ("Service", "kodama"), ("Service", "kodama-admin")])
        generated = [name for each in tree.kustomization()["configMapGenerator"] for name in each["files"]]
        used = {"kustomization.yaml", *tree.kustomization()["resources"], *generated}
        self.assertEqual(used, set(os.listdir(os.path.join(tree.ROOT, tree.BASE))))
        for each in self.objects.values():
            self.assertEqual(set(each) - {"apiVersion", "kind", "metadata", "spec"}, set())

    def test_the_settings_pass_check_config(self):
        with tempfile.TemporaryDirectory() as scratch:
            keys = os.path.join(scratch, "keys")
            with open(keys, "w", encoding="utf-8") as file:
                file.write("0123456789abcdef\n")
            # In the pod the keys come from the Secret.
            checked = subprocess.run(
                [os.environ["KODAMA_BINARY"], "check-config", os.path.join(tree.ROOT, tree.BASE, "kodama.yaml")],
                env={"KODAMA__ACCESS__KEY_FILE": keys}, capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_a_drain_fits_into_the_grace_period(self):
        drain = amount(self.settings["drain"]["duration"], SECONDS)
        pause = self.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        last = int(re.search(r"last_patience = (\d+)s;", tree.text("broker/shard/drain.cc"))[1])
        self.assertGreaterEqual(self.pod["terminationGracePeriodSeconds"], pause + drain + last + GRACE_MARGIN)

    def test_ports_agree_with_the_settings(self):
        listen = self.settings["listen"]
        ports = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        self.assertEqual(ports, {"http": port(listen["http"]), "admin": port(listen["admin"])})
        for address in (listen["http"], listen["admin"]):
            self.assertTrue(address.startswith("0.0.0.0:"), f"{address} cannot be reached from outside of the pod")
        for name, wanted in (("kodama", "http"), ("kodama-admin", "admin")):
            [served] = self.objects["Service", name]["spec"]["ports"]
            self.assertEqual((served["port"], served["targetPort"]), (ports[wanted], wanted))
        annotations = self.deployment["template"]["metadata"]["annotations"]
        self.assertEqual(annotations["prometheus.io/port"], str(ports["admin"]))
        exposed = re.search(r"^EXPOSE (.*)$", tree.text("deploy/Dockerfile"), re.M)[1].split()
        self.assertEqual(exposed, [str(each) for each in ports.values()])

    def test_probes_ask_what_the_admin_port_answers(self):
        pages = tree.text("broker/admin/pages.cc")
        for probe, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
            self.assertEqual(self.container[probe]["httpGet"], {"port": "admin", "path": path})
            self.assertIn(f'"{path}"', pages)

    def test_files_are_where_the_settings_look_for_them(self):
        mounted = {each["name"]: each["mountPath"] for each in self.container["volumeMounts"]}
        self.assertEqual(self.container["args"], ["serve", "--config", f"{mounted['settings']}/kodama.yaml"])
        self.assertEqual(os.path.dirname(self.settings["access"]["key_file"]), mounted["keys"])
        self.assertIn('CMD ["serve", "--config", "/etc/kodama/kodama.yaml"]', tree.text("deploy/Dockerfile"))
        volumes = {each["name"]: each for each in self.pod["volumes"]}
        self.assertEqual(set(volumes), set(mounted))
        self.assertEqual(volumes["settings"]["configMap"]["name"], tree.kustomization()["configMapGenerator"][0]["name"])
        self.assertEqual(volumes["keys"]["secret"]["defaultMode"] & 0o007, 0, "everybody may read the keys")

    def test_the_pod_is_restricted(self):
        """What the Pod Security Standard `restricted` asks for, and a file system that nobody writes to."""
        pod, own = self.pod["securityContext"], self.container["securityContext"]
        self.assertIs(pod["runAsNonRoot"], True)
        self.assertEqual(pod["seccompProfile"], {"type": "Localhost", "localhostProfile": "kodama/seccomp.json"})
        self.assertEqual(own, {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                               "capabilities": {"drop": ["ALL"]}})
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        user = re.search(r"^USER (\d+):(\d+)$", tree.text("deploy/Dockerfile"), re.M)
        self.assertEqual((pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]), (int(user[1]), int(user[2]), int(user[2])))
        self.assertNotEqual(pod["runAsUser"], 0)

    def test_the_installer_puts_the_profile_where_the_pod_looks_for_it(self):
        [installer] = tree.documents("deploy/seccomp-installer.yaml")
        spec = installer["spec"]["template"]["spec"]
        [path] = [each["hostPath"]["path"] for each in spec["volumes"] if "hostPath" in each]
        profile = self.pod["securityContext"]["seccompProfile"]["localhostProfile"]
        self.assertEqual(path, f"/var/lib/kubelet/seccomp/{os.path.dirname(profile)}")
        self.assertIn(f"/node/{os.path.basename(profile)}", spec["initContainers"][0]["command"][-1].split())

    def test_processors_are_whole_and_memory_holds_the_logs(self):
        resources = self.container["resources"]
        self.assertEqual(resources["requests"], resources["limits"])
        self.assertRegex(resources["limits"]["cpu"], r"^[1-9]\d*$")
        memory = amount(resources["limits"]["memory"], BYTES)
        self.assertLessEqual(amount(self.settings["log"]["bytes"], BYTES), memory // 2)

    def test_there_is_one_broker_and_it_may_be_moved(self):
        self.assertEqual(self.deployment["replicas"], 1, "brokers do not know of each other")
        self.assertEqual(self.deployment["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})
        self.assertGreaterEqual(self.objects["PodDisruptionBudget", "kodama"]["spec"]["maxUnavailable"], 1)

    def test_the_image_is_the_one_that_this_tree_makes(self):
        version = re.search(r"^project\(kodama VERSION ([\d.]+)", tree.text("CMakeLists.txt"), re.M)[1]
        self.assertEqual(tree.kustomization()["images"], [{"name": self.container["image"], "newTag": version}])


if __name__ == "__main__":
    unittest.main()
