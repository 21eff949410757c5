"""What must hold in every run, by the name under which it is told when it does not."""

from __future__ import annotations

from collections.abc import Mapping

from ...text import Text

RULES: Mapping[str, Text] = {
    # of every act
    "attributed": Text("not attributable", "记录要素缺失"),
    "times": Text("times out of order", "时间先后不符"),
    "row": Text("by no row", "无此流转规则"),
    "source": Text("from elsewhere", "起始状态不符"),
    "dest": Text("to elsewhere", "进入状态不符"),
    "by_time": Text("people and time exchanged", "人员与期限混淆"),
    "stated": Text("stated too much or too little", "填报内容不符"),
    "limit": Text("another limit", "期限不符"),
    "requirement": Text("a requirement was not met", "前置要求未满足"),
    "party": Text("not by who may", "办理人不符"),
    "role": Text("no such role", "未任该职"),
    "oneself": Text("by themselves", "任命本人"),
    "seats": Text("more than the seats", "超出职数"),
    "separation": Text("roles that are apart", "岗位分离"),
    "unique": Text("twice the same", "重复"),
    "independence": Text("judged what is their own", "认定本人所为"),
    "delegation": Text("not by this delegation", "委托不符"),
    "named": Text("no office-holder", "非任职人员"),
    "closed": Text("after the end", "终结之后"),
    "superseded": Text("of what was superseded", "已被替代"),
    "amended": Text("corrected by somebody else", "更正人不符"),
    # of the case after it
    "five_steps": Text("the five steps", "五个步骤"),
    "gate": Text("the gate", "实施关口"),
    "round": Text("no new round", "轮次未更新"),
    "laid_out": Text("not all laid out", "预设清单未列全"),
    "appointed": Text("appointed in vain", "任命无效果"),
    "relieved": Text("relieved in vain", "免职无效果"),
    "recused": Text("recused in vain", "回避无效果"),
    "own": Text("a property of the author's", "作者自定的性质"),
    "dead_end": Text("dead end", "无法办结"),
    # of the engine
    "versions": Text("versions", "版本"),
    "recorded": Text("on record", "记录"),
    "refused": Text("a refusal changed something", "拒绝之后仍有改变"),
    "explained": Text("a refusal explains nothing", "拒绝未说明理由"),
    "blockers": Text("blockers", "受阻理由"),
    "available": Text("available", "可办理的选项"),
    "stale": Text("decided on another version", "版本不符"),
    "key": Text("under one key", "幂等键"),
    "live": Text("another case in the engine", "引擎中的案件不同"),
    "second_handle": Text("another case for another handle", "另一句柄的案件不同"),
    "reopened": Text("another case after reopening", "重新打开后的案件不同"),
    "replay": Text("another case by its records", "依记录重演的案件不同"),
    "index": Text("the index", "索引"),
    "tick": Text("the tick", "到期检查"),
    "breach": Text("a breach unseen, early or twice", "逾期漏记、早记或重记"),
    "duties": Text("duties", "应尽职责"),
    "raised": Text("something else was raised", "出现其他错误"),
    "expected": Text("not as the dossier expects", "与案卷所列不符"),
}
