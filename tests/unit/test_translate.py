"""What a story waits for, in Chinese: by the word tables of the terminal, or refused."""

from dataclasses import replace

import pytest

from host_tools.device import actions, scenario, translate

HEAD = "title: t\nwhy: w\n"
END = "expect: {}\n"
NAMES = frozenset({"TAPTILL", "TEST", "SHOP", "UART", "RX"})


@pytest.mark.parametrize(
    "english, chinese",
    [
        # an entry, its placeholders filled, also with an entry
        ("Tap the card", "请挥卡"),
        ("Up to 50,000.00", "最高 50,000.00"),
        ("Paid: 2 for 1,330.00", "收款：2笔，1,330.00"),
        ("Sale cancelled", "消费已取消"),
        ("Void of 500.00: taken back", "消费撤销（500.00）已撤回，视同未发生。"),
        # a part of one; of one with placeholders that it does not fill, up to there
        ("Tear off the slip", "请撕下商户存根，按确认键打印持卡人存根。"),
        ("The sale of 1.00 was taken back.", "1.00 的交易已冲正，未扣款。"),
        ("Too many wrong passwords", "密码错误次数过多，请"),
        # what several have in common
        ("Approved", "成功"),
        ("Nothing was charged.", "未扣款。"),
        # several in a row
        ("Insufficient funds. (51)", "余额不足。 (51)"),
        ("Not over 300.00: no PIN, no signature.", "不超过 300.00： 免密免签。"),
        ("Sound: off", "声音: 关"),
        ("000003 Sale", "000003 消费"),
        ("does not answer Check the wires UART 1: RX 18.", "无应答 请检查接线 UART 1: RX 18。"),
        # the same in both
        ("1,280.00", "1,280.00"),
        ("621234******1232", "621234******1232"),
        ("A0000000031010", "A0000000031010"),
        ("TAPTILL TEST SHOP", "TAPTILL TEST SHOP"),
        ("请挥卡", "请挥卡"),
    ],
)
def test_a_text_of_the_screen(english, chinese):
    assert translate.chinese(english, NAMES) == chinese


@pytest.mark.parametrize(
    "english, chinese",
    [
        ("TRANS TYPE: SALE", "交易类型: 消费"),
        ("Journal: OK", "交易流水: 正常"),  # the OK of slips, not of keys
        ("MERCHANT COPY", "MERCHANT COPY"),  # the Chinese has it, too
        ("*** DUPLICATED ***", "***重打印/DUPLICATED***"),
        ("ORIG REF NO: ", "原参考号: "),
        ("TOTAL:", "总计:"),
        ("RMB -500.00", "RMB -500.00"),
        ("THIS VOID WAS NOT COMPLETED", "本笔消费撤销未完成，已冲正，卡账户没有变动。"),
        ("OFFLINE           1        50.00", "离线消费          1        50.00"),
    ],
)
def test_a_text_of_the_paper(english, chinese):
    assert translate.chinese(english, paper=True) == chinese


@pytest.mark.parametrize(
    "text, why",
    [
        ("Take the money and run", "the terminal has no words 'Take the money and run'"),
        ("TRANS TYPE: SALE", "no words"),  # words of slips are on no screen
        ("Paid", "'Paid' may be any of"),
        ("Delete", "'Delete' may be any of 删除, 退格"),
        ("Sale TAPTILL", "no words"),  # a name that nobody has told
    ],
)
def test_what_has_no_chinese_is_told(text, why):
    with pytest.raises(translate.CannotTranslate) as error:
        translate.chinese(text)
    assert why in str(error.value)


def story(tmp_path, text):
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    return scenario.load(path)


def test_a_story_says_where_it_cannot_be_translated(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "look.yaml").write_text("steps:\n  - screen: [Sale, Delete]\n")
    told = story(tmp_path, f"{HEAD}steps:\n  - power: on\n  - use: look\n{END}")
    with pytest.raises(scenario.ScenarioError) as error:
        translate.translated(told)
    assert str(error.value) == (
        "story.yaml: step 2, look 1: screen: 'Delete' may be any of 删除, 退格"
    )
    told = story(tmp_path, f"{HEAD}steps:\n  - power: on\nexpect: {{paper: {{NONSENSE: 1}}}}\n")
    with pytest.raises(scenario.ScenarioError, match=r"^story.yaml: expect: paper: the terminal"):
        translate.translated(told)
    told = story(tmp_path, f"{HEAD}terminal: blank\nsteps:\n  - power: on\n{END}")
    with pytest.raises(scenario.ScenarioError, match=r"^story.yaml: terminal: a blank one"):
        translate.translated(told)


def test_a_story_is_the_same_but_for_its_words(tmp_path):
    told = story(
        tmp_path,
        f"""{HEAD}terminal: {{copies: 1, merchant_name: FRESH SHOP}}
steps:
  - power: on
  - wifi: access Cafe rssi=-70
  - screen: [FRESH SHOP, Cafe]
  - keys: "1E"
  - gone: Sale
  - paper: TOTAL
  - no_paper: TIP
  - type_off_paper: REF NO
expect:
  ledger: [approved 1.00 00]
  paper: {{"TRANS TYPE: VOID": 2}}
""",
    )
    chinese = translate.translated(told)
    values = ["on", "access Cafe rssi=-70", ["FRESH SHOP", "Cafe"], "1E"]
    assert [s.value for s in chinese.steps][1:4] == values[1:]
    assert [s.value for s in chinese.steps[4:]] == ["消费", "总计", "小费", "交易参考号"]
    assert [(s.where, s.name) for s in chinese.steps] == [(s.where, s.name) for s in told.steps]
    assert chinese.expect == replace(told.expect, paper={"交易类型: 消费撤销": 2})
    assert chinese.terminal == {**(told.terminal or {}), "language": "zh"}
    assert chinese.setting["terminal"] == chinese.terminal
    assert translate.translated(chinese) is chinese


def test_names_of_pins_are_the_same_and_remarks_of_the_board_are_none():
    told = scenario.load(scenario.SCENARIOS / "menu_sale.yaml")
    names = translate._names(told)
    assert {"COLUMNS", "ROWS", "MISO", "BUSY", "CHARGE"} <= names
    assert not {"PRINTER", "NETWORKS", "USUAL", "CARD"} & names


def test_english_and_what_is_cut_off_is_found():
    told = scenario.load(scenario.SCENARIOS / "menu_sale.yaml")
    lines = ["消费", "请挥卡 Wi-Fi", "… 消费", "TAPTILL TEST SHOP", "应用标签: UNIONPAY DEBIT"]
    lines += ["TC: FEE2EA407480AA05", "tip_off"]
    assert translate.strays(told, lines) == []
    assert translate.strays(told, ["交易成功", "Approved. 请再"]) == [
        "Approved is English: 'Approved. 请再'"
    ]
    assert translate.strays(told, ["语言 Language: 简体…"]) == [
        "it is cut off: '语言 Language: 简体…'"
    ]


def test_chinese_may_run_over_lines_wherever_it_is_broken():
    lines = ["01 已存在，请输入", "01 至 98 的其他编号。"]
    text = "01 已存在，请输入 01 至 98 的其他编号。"
    assert actions._shown(lines, [text, "编号。"]) == [text, "编号。"]
    assert actions._shown(lines, ["请输入 02"]) == []
    assert actions._shown(["card", "holder"], ["cardholder"]) == []  # letters have their spaces
    paper = "本笔消费未完成，\n卡账户没有变动。\nRMB\n1.00\n没有变动\n"
    assert actions.printed("完成，卡账户", paper) == 1
    assert actions.printed("没有变动", paper) == 2
    assert actions.printed("RMB1.00", paper) == 0
