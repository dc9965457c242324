"""`microflight ground yamcs`: wrong use, and the configuration without a server."""

import pytest

from cli.main import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "owner 'nobody' is unknown"),
        (("EC", "ec"), "a partner is named twice"),
        (("EC", "IR", "--security", "ours"), "one partner per command"),
        (("EC", "--security", "ours", "--cop1"), "one FOP per channel"),
    ],
)
def test_wrong_use_is_told_in_one_line(arguments, said, capsys, tmp_path):
    assert main(["ground", "yamcs", *arguments, "--prepare", "--folder", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_prepare_writes_and_fetches_nothing(capsys, tmp_path):
    assert main(["ground", "yamcs", "BY", "--prepare", "--folder", str(tmp_path)]) == 0
    assert str(tmp_path / "by") in capsys.readouterr().out
    assert (tmp_path / "by" / "etc" / "yamcs.by.yaml").exists()
    assert not (tmp_path / "lib").exists()
