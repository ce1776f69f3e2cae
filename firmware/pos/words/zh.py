"""简体中文: the names of the English table, in simplified Chinese."""

TABLE = """
app=TapTill
menu_terminal=本终端
menu_lock=锁定
menu_password=修改密码
menu_operators=操作员管理
operator_is=操作员 {}
operator_add=增加操作员
operator_free=编号 01 至 98。
operator_taken={} 已存在，请输入 01 至 98 的其他编号。
operator_waits=(需等待)
operator_delete=删除
operator_sure=确认：删除。删除后不能再登录。
password_reset=重置密码
password_new=新密码：{} 至 8 位数字。
password_again=请再次输入新密码。
password_differs=两次输入不一致，请重新输入。
password_done=操作员 {} 的密码已修改。
weak_short=密码过短：至少 {} 位。
weak_same=不能全部是同一数字。
weak_steps=不能是连续数字，例如 234567。
weak_number=不能是重复的操作员号。
weak_old=不能与旧密码相同。
locked=已锁定
locked_hint=由操作员 {} 或主管 00 解锁。
"""
