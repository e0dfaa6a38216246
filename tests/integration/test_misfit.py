# SPDX-License-Identifier: GPL-2.0-or-later
"""A module that is not for the running Exim, is gone, or is damaged: mail waits, nothing is frozen, and
one line says why (doc/decisions/0012)."""
import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from exim_build import find_build
from sender import MX_ROUTER

TOP = Path(__file__).resolve().parents[2]
CONFIG = "keep_environment =\nbegin transports\na:\n  driver = danesmtp\n"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return tmp_path_factory.mktemp("shim")


def build_shim(build, tree, definitions="", records="OFF", testsuite="OFF"):
    """Compiles the shim against the headers of `tree`; WorldError's text is the compiler's."""
    for argv in (["cmake", "-S", TOP, "-B", build, "-DDANESMTP_TESTS=OFF", f"-DEXIM_BUILD_DIR={tree}",
                  f"-DDANESMTP_ABI_RECORDS={records}", f"-DDANESMTP_EXIM_TESTSUITE={testsuite}",
                  "-DCMAKE_BUILD_TYPE=Release", f"-DDANESMTP_SHIM_DEFINITIONS={definitions}"],
                 ["cmake", "--build", build, "--target", "danesmtp_transport"]):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
    return build / "exim-modules" / "danesmtp_transport.so"


def is_header_or_directory(path):
    """Older Exims have links to headers that they do not have."""
    return os.path.exists(path) and (path.endswith(".h") or os.path.isdir(path))


def changed_tree(world, tmp_path, header, pattern, replacement):
    """The headers of the Exim build with one change."""
    tree = tmp_path / "tree"
    shutil.copytree(world.exim.tree, tree, ignore=lambda directory, names: [
        name for name in names if not is_header_or_directory(os.path.join(directory, name))])
    text = (tree / header).read_text(encoding="utf-8")
    changed, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1
    (tree / header).write_text(changed, encoding="utf-8")
    return tree


def check_configuration(world, tmp_path):
    """The lines of `exim -bV` about the module, and its exit status."""
    config = tmp_path / "exim.conf"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run([world.exim.binary, "-C", str(config), "-bV"], capture_output=True, text=True,
                          check=False, timeout=60, cwd="/", env={"PATH": "/usr/bin:/bin"})
    return [line for line in done.stderr.splitlines() if "danesmtp" in line], done.returncode


# -- what is refused, and how

OTHERWISE = pytest.mark.without("Experimental_DSN_info")  # the feature that the module is built for

@pytest.mark.parametrize("definitions,difference", [
    pytest.param("EXPERIMENTAL_DSN_INFO", "the size of address_item is", marks=OTHERWISE),
    pytest.param("EXPERIMENTAL_ARC", "the size of the smtp options is",
                 marks=pytest.mark.without("Experimental_ARC")),
    pytest.param("DISABLE_PRDR", "the size of the smtp options is", marks=pytest.mark.needs("PRDR")),
    ('EXIM_VARIANT_VERSION="x"', "this module was built for Exim"),
])
def test_built_with_other_features(world, tmp_path, build, definitions, difference):
    with world.exim.other_module(build_shim(build, world.exim.tree, definitions)):
        lines, status = check_configuration(world, tmp_path)
    assert status == 1 and len(lines) == 1 and "refused" in lines[0] and difference in lines[0], lines


@pytest.mark.parametrize("header,pattern,replacement,difference", [
    ("structs.h", r"\} host_item;", "long more_of_it; } host_item;", "host_item"),
    ("globals.h", r"\} cut_t;", "long more_of_it; } cut_t;", "the size of cut_t"),
    ("structs.h", r"\} auth_instance;", "long more_of_it; } auth_instance;", "the size of auth_instance"),
    ("structs.h", r"\} auth_info;", "long more_of_it; } auth_info;", "the size of auth_info"),
    ("structs.h", r"\} router_instance;", "long more_of_it; } router_instance;",
     "the size of router_instance"),
    pytest.param("structs.h", r"\} misc_module_info;", "long more_of_it; } misc_module_info;",
                 "the size of misc_module_info",
                 marks=(pytest.mark.declared("misc_module_info"), pytest.mark.needs("DKIM"))),
], ids=lambda value: value if " " not in value and "}" not in value else "")
def test_built_for_a_patched_exim_of_the_same_version(world, tmp_path, build, header, pattern, replacement,
                                                      difference):
    tree = changed_tree(world, tmp_path, header, pattern, replacement)
    with world.exim.other_module(build_shim(build, tree)):
        lines, status = check_configuration(world, tmp_path)
    assert status == 1 and len(lines) == 1 and difference in lines[0], lines


@pytest.mark.parametrize("change", (lambda v: v + "0", lambda v: v[:-1], lambda v: v.rpartition(".")[0]),
                         ids=("longer", "shorter", "without its last number"))
def test_the_version_is_compared_whole(world, tmp_path, build, change):
    running = re.search(r'RELEASE_VERSION "(.*)"', (world.exim.tree / "version.h").read_text()).group(1)
    tree = changed_tree(world, tmp_path, "version.h", re.escape(f'"{running}"'), f'"{change(running)}"')
    with world.exim.other_module(build_shim(build, tree)):
        lines, status = check_configuration(world, tmp_path)
    assert status == 1
    assert f"built for Exim {change(running)}, the running one is {running}" in lines[0]


@pytest.mark.parametrize("pattern,replacement,warning", [
    (r"verify_check_given_host\(const uschar \*\*", "verify_check_given_host(int", "int-conversion"),
    (r"retry_add_item\(address_item \*", "retry_add_item(host_item *", "incompatible-pointer-types"),
    pytest.param(r"retry_host_key_build\(", "another_name(", "implicit-function-declaration",
                 marks=pytest.mark.declared("retry_host_key_build")),
], ids=("pointer and integer", "another pointer", "no such function"))
def test_headers_with_other_functions_do_not_compile(world, tmp_path, build, pattern, replacement, warning):
    """As between two series of Exim; C by itself would only warn, in a Release build too."""
    tree = changed_tree(world, tmp_path, "functions.h", pattern, replacement)
    with pytest.raises(AssertionError, match=f"error: .*-Werror={warning}"):
        build_shim(build, tree)


@pytest.mark.parametrize("header,function,pattern,replacement", [
    ("local_scan.h", "log_write", r"log_write\((unsigned )?int,", "log_write(unsigned long,"),
    ("functions.h", "exp_bool", r"(exp_bool\(address_item \*[^;]*?)(BOOL|unsigned)", r"\1long"),
    ("functions.h", "smtp_get_port", r"extern (int|BOOL) +smtp_get_port", "extern long smtp_get_port"),
], ids=lambda value: value if value.isidentifier() else "")
def test_headers_whose_functions_are_called_without_a_warning_do_not_compile(
        world, tmp_path, build, header, function, pattern, replacement):
    """C converts such arguments without a word, and a caller of another type passes what nobody reads."""
    tree = changed_tree(world, tmp_path, header, pattern, replacement)
    with pytest.raises(AssertionError, match=rf"{function}\(\) of this Exim has another type"):
        build_shim(build, tree)


def test_each_function_that_is_called_has_its_type_checked(world):
    """But one, which Exim's headers declare where they call it."""
    checked = set(re.findall(r"^FUNCTION\((\w+),", (TOP / "compat/exim_functions.c").read_text(), re.M))
    module = Path(world.exim.module_dir) / "danesmtp_transport.so"
    called = symbols(module, "U") & symbols(Path(world.exim.binary), "T")
    assert called - checked == {"is_tainted_fn"} and len(called) > 50


@pytest.mark.parametrize("header,pattern,replacement", [
    ("structs.h", r"\} host_item;", "long more_of_it; } host_item;"),
    ("version.h", r'RELEASE_VERSION "(.*)"', r'RELEASE_VERSION "\1.1"'),
], ids=("a structure", "the version"))
def test_an_exim_that_is_not_on_record(world, tmp_path, build, header, pattern, replacement):
    tree = changed_tree(world, tmp_path, header, pattern, replacement)
    with pytest.raises(AssertionError, match=f"not on record.*\n+ *scripts/record-abi {tree} NAME"):
        build_shim(build, tree, records="ON")


def test_this_exim_is_on_record(world, build):
    build_shim(build, world.exim.tree, records="ON")


def symbols(library, kind):
    listed = subprocess.run(["nm", "-D", library], capture_output=True, text=True, check=True).stdout
    return set(re.findall(rf"^[0-9a-f ]* {kind} (\w+)$", listed, re.M))


# Before 4.99 a driver's entry is one of a table.
SIZED = ([("smtp_transport_info", True), ("plaintext_auth_info", False)] if find_build().declares("TRANSPORT_MAGIC")
         else [("transports_available", True), ("auths_available", False)])


@pytest.mark.parametrize("symbol,refused", [("cutthrough", True), *SIZED])
def test_a_size_that_is_not_known(world, tmp_path, symbol, refused):
    """The running Exim's symbol table does not tell it: refused, but where a build may be without the symbol."""
    blind = tmp_path / "exim"
    blind.write_bytes(without_size(Path(world.exim.binary), symbol))
    blind.chmod(0o755)
    config = tmp_path / "exim.conf"
    config.write_text(CONFIG, encoding="utf-8")
    done = subprocess.run([blind, "-C", config, "-bV"], capture_output=True, text=True, check=False, cwd="/",
                          timeout=60)
    lines = [line for line in done.stderr.splitlines() if "danesmtp" in line]
    assert (done.returncode == 1 and "is not known of the running Exim" in lines[0]) if refused else \
        (done.returncode == 0 and not lines), done.stderr


def without_size(program, symbol):
    """The program with 0 as the size of a symbol in its table for the loader (ELF gABI: Elf64_Sym)."""
    image = bytearray(program.read_bytes())
    sections = subprocess.run(["readelf", "-SW", program], capture_output=True, text=True, check=True).stdout
    start = int(re.search(r"\.dynsym +DYNSYM +\w+ +(\w+)", sections).group(1), 16)
    listed = subprocess.run(["readelf", "--dyn-syms", "-W", program], capture_output=True, text=True,
                            check=True).stdout
    number = int(re.search(rf"^ *(\d+): .* {symbol}$", listed, re.M).group(1))
    image[start + 24 * number + 16:start + 24 * (number + 1)] = bytes(8)
    return bytes(image)


# -- one of each kind, as a table

def other_headers(header, pattern, replacement):
    return lambda world, build, tmp_path: build_shim(
        build, changed_tree(world, tmp_path, header, pattern, replacement))


def other_definitions(definitions):
    return lambda world, build, tmp_path: build_shim(build, world.exim.tree, definitions)


MISMATCHES = (
    # kind, what differs, the module; what `exim -bV` and the main log say
    ("version", "a release of the same series",
     other_headers("version.h", r'RELEASE_VERSION "(.*)"', r'RELEASE_VERSION "\1.1"'),
     "this module was built for Exim"),
    ("size", "a member more in address_item",
     other_headers("structs.h", r"\} address_item;", "long more_of_it; } address_item;"),
     "the size of address_item is"),
    ("option offset", "two members change places",
     other_headers("transports/smtp.h", r"(uschar\s+\*hosts;)(\s+)(uschar\s+\*fallback_hosts;)", r"\3\2\1"),
     "the offset of option hosts is"),
    pytest.param("feature", "built with DSN_INFO", other_definitions("EXPERIMENTAL_DSN_INFO"),
                 "the size of address_item is", marks=OTHERWISE),
)


@pytest.mark.parametrize("kind,what,module,said", MISMATCHES)
def test_each_kind_is_refused_in_one_line(world, sender, tmp_path, build, misfit_rows, kind, what, module, said):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with world.exim.other_module(module(world, build, tmp_path)):
        lines, checked = check_configuration(world, tmp_path)
        message_id = mail.inject("bob@ee.lab")
        delivery = subprocess.run([mail.exim_binary, "-C", mail.config, "-M", message_id], check=False, cwd="/",
                                  stderr=subprocess.DEVNULL, timeout=60)
        logged = the_one_line(mail, said)
        waits(mail, message_id)
    assert len(lines) == 1 and said in lines[0] and (checked, delivery.returncode) == (1, 0), lines
    assert "install the module for this Exim" in logged
    misfit_rows.append((kind, what, f"{checked}, {delivery.returncode}", logged))


def test_flag_bits_are_refused_by_the_build(world, tmp_path, build, misfit_rows):
    """Neither a size nor an offset tells of them: no module for such an Exim comes to be."""
    tree = changed_tree(world, tmp_path, "structs.h", r"BOOL af_allow_file:1;", "BOOL af_more:1; BOOL af_allow_file:1;")
    with pytest.raises(AssertionError) as refused:
        build_shim(build, tree, records="ON")
    said = re.search(r"(The structures of Exim \S+) in \S+, .* (are not on record)", " ".join(str(refused.value).split()))
    misfit_rows.append(("flag bits", "a flag more in address_item", "not built", f"{said[1]} {said[2]}"))


def test_a_core_of_another_version_in_one_line(world, sender, misfit_rows):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with module_changed(world, lambda directory: of_another_build(directory / "danesmtp/core.so")):
        done = subprocess.run([mail.exim_binary, "-C", mail.config, "-bV"], capture_output=True, check=False, cwd="/")
        message_id = mail.send("bob@ee.lab")
        line = the_one_line(mail, f"{message_id} == bob@ee.lab")
        waits(mail, message_id)
    assert done.returncode == 0 and "does not belong to this module" in line
    misfit_rows.append(("core of another version", "core.so of another build", "0, 0", line))


# -- the Exim of Exim's own test suite, which calls itself x.yz

def of_the_suite(world, tmp_path, status):
    """A copy that says so, and has `status` for the mark that tells that it is tested."""
    image = Path(world.exim.binary).read_bytes()
    version = re.search(rb"(\d[\w.-]*)\0<<eximversion>>", image).group(0)
    for old, new in ((version, b"x.yz\0".ljust(len(version), b"*")), (b">>>running<<<", status)):
        assert image.count(old) == 1 and len(old) == len(new)
        image = image.replace(old, new)
    program = tmp_path / "exim"
    program.write_bytes(image)
    program.chmod(0o4755)
    return program


def delivered_by(program, world, mail):
    message_id = mail.inject("bob@ee.lab")
    done = subprocess.run([program, "-C", mail.config, "-M", message_id], capture_output=True, text=True,
                          check=False, cwd="/", timeout=60, env={"PATH": "/usr/bin:/bin"})
    return len(world.receivers.mail(message_id)), done.returncode, done.stderr


def test_exims_test_suite_is_refused(world, sender, tmp_path):
    program = of_the_suite(world, tmp_path, b"<<<testing>>>")
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    arrived, status, said = delivered_by(program, world, mail)
    lines = [line for line in said.splitlines() if "refused" in line]
    assert (arrived, status, len(lines)) == (0, 1, 1), said
    assert "this module was built for Exim" in lines[0] and "the running one is x.yz" in lines[0]


def test_exims_test_suite_and_a_module_that_is_built_for_it(world, sender, tmp_path, build):
    """And for nothing else that calls itself so."""
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    shim = build_shim(build, world.exim.tree, testsuite="ON")
    with world.exim.other_modules() as directory:
        shutil.copy(shim, directory)
        arrived, status, said = delivered_by(of_the_suite(world, tmp_path, b"<<<testing>>>"), world, mail)
        assert (arrived, status) == (1, 0) and " CV=dane" in mail.mainlog(), said
        arrived, status, said = delivered_by(of_the_suite(world, tmp_path, b">>>running<<<"), world, mail)
        assert (arrived, status) == (0, 1) and "the running one is x.yz" in said, said
        mail.send("bob@ee.lab")
        assert "refused" not in mail.mainlog(), "the Exim as it is is known too"


def test_a_module_for_exims_test_suite_is_not_installed(world, build, tmp_path):
    build_shim(build, world.exim.tree, testsuite="ON")
    done = subprocess.run(["cmake", "--install", build], env={**os.environ, "DESTDIR": str(tmp_path)},
                          capture_output=True, text=True, check=False)
    assert done.returncode != 0 and not list(tmp_path.iterdir())
    assert "built with DANESMTP_EXIM_TESTSUITE: not to be installed" in done.stderr


# -- what becomes of mail meanwhile

@contextlib.contextmanager
def module_changed(world, change):
    """For its length Exim's module directory is a copy with something changed in it."""
    with world.exim.other_modules() as directory:
        change(directory)
        yield


def the_one_line(mail, text):
    lines = [line for line in mail.mainlog().splitlines() if text in line]
    assert len(lines) == 1, mail.mainlog()
    return lines[0]


def waits(mail, message_id, recipient="bob@ee.lab"):
    assert mail.queue() == {message_id: [recipient]}
    assert "frozen" not in mail.mainlog() + mail.exim("-bp").stdout.decode()
    assert not re.search(rf"{message_id} \*\*", mail.mainlog())


@OTHERWISE
def test_other_features_and_mail_waits(world, sender, build):
    wrong = build_shim(build, world.exim.tree, "EXPERIMENTAL_DSN_INFO")
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with world.exim.other_module(wrong):
        local = mail.send("eve@sender.lab")
        message_id = mail.send("bob@ee.lab")
        line = the_one_line(mail, "refused: the size of address_item")
        assert line.endswith("; mail waits")
        waits(mail, message_id)
        assert f"{local} Completed" in mail.mainlog(), "what does not need the module goes on"
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


SESSION = b"EHLO a.lab\r\nMAIL FROM:<alice@sender.lab>\r\nRCPT TO:<bob@ee.lab>\r\nDATA\r\nHello.\r\n.\r\nQUIT\r\n"


@OTHERWISE
@pytest.mark.parametrize("acl,reply", [("verify = recipient/callout=10s,no_cache", b"\r\n451 "),
                                       ("control = cutthrough_delivery", b"\r\n250 OK id=")])
def test_exims_core_does_not_speak_for_us_meanwhile(world, sender, build, acl, reply):
    """It would with our options and without our verdict. Mail is taken and waits, or the client does."""
    before = len(world.receivers.mail())
    mail = sender(main=f'acl_smtp_rcpt = "accept {acl}"')
    with world.exim.other_module(build_shim(build, world.exim.tree, "EXPERIMENTAL_DSN_INFO")):
        assert reply in mail.exim("-odq", "-bs", stdin=SESSION).stdout
    assert "callout transport 'remote_smtp': danesmtp is non-smtp" in mail.mainlog()
    assert len(world.receivers.mail()) == before


def test_another_series_is_refused_by_exim_itself(world, sender, tmp_path, build):
    tree = changed_tree(world, tmp_path, "version.h", r'RELEASE_VERSION ".*"', 'RELEASE_VERSION "4.99.1"')
    wrong = build_shim(build, tree)
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.inject("bob@ee.lab")
    with world.exim.other_module(wrong):
        said = mail.exim("-M", message_id, expected=(1,)).stderr.decode()
        assert "built for Exim 4.99.1" in said
        the_one_line(mail, "transport module danesmtp is not compatible with this version of Exim")
    waits(mail, message_id)
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


def test_a_module_that_is_gone(world, sender):
    """Nothing of ours runs then; what Exim says, and that the message is whole."""
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.inject("bob@ee.lab")
    with module_changed(world, lambda directory: (directory / "danesmtp_transport.so").unlink()):
        mail.exim("-M", message_id, expected=(1,))
        assert 'cannot find transport driver "danesmtp"' in mail.paniclog()
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


# -- the core library

def cut_in_half(core):
    os.truncate(core, core.stat().st_size // 2)


def cut_in_its_code(core):
    os.truncate(core, 200_000)  # without the check: SIGBUS


def cut_a_little(core):
    os.truncate(core, core.stat().st_size - 100)


def empty(core):
    os.truncate(core, 0)


def zeros_at_the_end(core):
    size = core.stat().st_size
    os.truncate(core, size - 65536)
    os.truncate(core, size)


def something_else(core):
    core.write_text("This is not a library.\n" * 100, encoding="ascii")


def of_another_build(library):
    source = library.with_name("other.c")
    source.write_text(f"const unsigned danesmtp_{library.stem}[64] = {{ 4000000, 8 }};\n", encoding="ascii")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)


@pytest.mark.parametrize("damage,complaint", [
    (cut_in_half, "is not whole"), (cut_in_its_code, "is not whole"), (cut_a_little, "is not whole"), (empty, "is not whole"),
    (zeros_at_the_end, "is not whole"), (something_else, "is not whole"),
    (of_another_build, "does not belong to this module"),
    (Path.unlink, "cannot open its core library"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_damaged_core(world, sender, damage, complaint):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with module_changed(world, lambda directory: damage(directory / "danesmtp/core.so")):
        message_id = mail.send("bob@ee.lab")
        line = the_one_line(mail, f"{message_id} == bob@ee.lab")
        assert complaint in line
        waits(mail, message_id)
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


def test_a_queue_run_keeps_the_core_that_it_began_with(world, sender):
    """An upgrade in the middle of it: here its first message takes the file away."""
    with world.exim.other_modules() as directory:
        away = f"address_data = ${{run{{/bin/rm -f {directory}/danesmtp/core.so}}}}\n  no_more"
        mail = sender(options={"dane_trust_anchor_file": world.trust_anchor},
                      routers=MX_ROUTER.replace("no_more", away))
        message_ids = [mail.inject("bob@ee.lab") for _ in range(2)]
        mail.run_queue(forced=True)
        assert not (directory / "danesmtp/core.so").exists()
    assert [len(world.receivers.mail(message_id)) for message_id in message_ids] == [1, 1]


def test_a_queue_run_without_a_core(world, sender):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.inject("bob@ee.lab")
    with module_changed(world, lambda directory: (directory / "danesmtp/core.so").unlink()):
        mail.run_queue(forced=True)
        assert "cannot open its core library" in the_one_line(mail, f"{message_id} == bob@ee.lab")
        assert mail.paniclog().count("\n") == 1  # of the delivery; the queue run itself says nothing
        waits(mail, message_id)
    mail.run_queue(forced=True)
    assert len(world.receivers.mail(message_id)) == 1


def cut_to_a_half_segment(library):
    """As a copy that has just begun."""
    os.truncate(library, 4096 + 100)


@pytest.mark.parametrize("damage,complaint", [
    (cut_to_a_half_segment, "unbound.so is not whole"), (cut_a_little, "unbound.so is not whole"),
    (empty, "unbound.so is not whole"), (something_else, "unbound.so is not whole"),
    (of_another_build, "unbound.so does not belong to this module"),
    (Path.unlink, "cannot open its resolver library"),
], ids=lambda value: getattr(value, "__name__", ""))
# plain.lab is unsigned: without an answer it is not known to be.
@pytest.mark.parametrize("domain", ["ee.lab", "plain.lab"])
def test_a_damaged_resolver_library(world, sender, domain, damage, complaint):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with module_changed(world, lambda directory: damage(directory / "danesmtp/unbound.so")):
        message_id = mail.send(f"bob@{domain}")
        line = the_one_line(mail, f"{message_id} == bob@{domain}")
        assert complaint in line
        waits(mail, message_id, f"bob@{domain}")
        assert world.receivers.mail(message_id) == []
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


@pytest.mark.needs_cache("what is kept is all that is known")
def test_known_answers_need_no_resolver_library(world, sender):
    # Not the system's resolver, which gives what is left of a TTL: it may be nothing.
    mail = sender(options={"dane_resolver": world.unbound_conf()})
    mail.send("bob@ee.lab")
    with module_changed(world, lambda directory: (directory / "danesmtp/unbound.so").unlink()):
        message_id = mail.send("bob@ee.lab")
    assert len(world.receivers.mail(message_id)) == 1, mail.mainlog()


def test_a_stripped_core_is_whole(world, sender):
    """Packages strip what is installed."""
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with module_changed(world, lambda directory: subprocess.run(
            ["strip", *directory.rglob("*.so")], check=True)):
        message_id = mail.send("bob@ee.lab")
    assert len(world.receivers.mail(message_id)) == 1


def test_a_message_beyond_the_limit_on_file_sizes(world, sender):
    """RLIMIT_FSIZE: SIGXFSZ would end the process, and Exim would freeze the message. Through a filter, since
    one that nothing changes is not copied."""
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor, "transport_filter": "/bin/cat"})
    message_id = mail.inject("bob@ee.lab", body="x" * 60 + "\n" + "0123456789\n" * 200000)
    subprocess.run([mail.exim_binary, "-C", str(mail.config), "-M", message_id], check=True, cwd="/",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
    line = the_one_line(mail, f"{message_id} == bob@ee.lab")
    assert os.strerror(27) in line  # EFBIG
    waits(mail, message_id)
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1


# -- installing

def test_installed_by_rename(tmp_path):
    """A process that runs the old library keeps it; whoever opens the name gets a whole one."""
    build = TOP / "build/dev"
    place = tmp_path / "image"
    install = ["cmake", "--install", build, "--prefix", "/usr"]
    environment = {**os.environ, "DESTDIR": str(place)}
    subprocess.run(install, env=environment, check=True, capture_output=True)
    (core,) = place.rglob("core.so")
    before, inode = core.read_bytes(), core.stat().st_ino
    with core.open("rb") as opened:
        seen_missing = watched_while(core, lambda: subprocess.run(
            install, env=environment, check=True, capture_output=True))
        assert opened.read() == before
    assert core.stat().st_ino != inode and not seen_missing
    assert sorted(each.name for each in core.parents[1].iterdir()) == ["danesmtp", "danesmtp_transport.so"]
    assert sorted(each.name for each in core.parent.iterdir()) == ["core.so", "unbound.so"]
    manifest = (build / "install_manifest.txt").read_text(encoding="utf-8")
    assert "/danesmtp/core.so" in manifest and "/danesmtp/unbound.so" in manifest and ".danesmtp-new" not in manifest


def watched_while(path, act):
    """Whether `path` was ever missing or short while `act` ran."""
    size = path.stat().st_size
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                if os.stat(path).st_size != size:
                    os._exit(1)
            except FileNotFoundError:
                os._exit(1)
        os._exit(0)
    try:
        act()
    finally:
        os.kill(child, signal.SIGTERM)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status != 0
