"""Names for people who do not exist. Order matters: equal seeds draw equal names."""

from __future__ import annotations

from typing import Final

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
    "于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙"
)
GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞鑫波斌宇浩凯健俊帆雪梅琳晶欣"
    "怡婷佳慧倩颖璐瑶悦萌蕾岚薇思雨晨曦子涵梓轩一诺若汐沐阳书瑶景行知远清越安然"
)
COMPOUND: Final = ("欧阳", "司马", "上官", "诸葛")

_FIRST: Final = (
    "Ada Alan Alice Amir Anna Ben Bianca Carlos Clara Colin Dana Daniel Diego Elena "
    "Elias Emma Erik Eva Felix Fiona Grace Greta Hana Hugo Ida Igor Irene Ivan Jack "
    "Jane Jonas Julia Karim Kate Lars Laura Leo Lily Lucas Maria Marta Max Mia Milan "
    "Nadia Nina Noah Nora Oliver Olivia Oscar Paula Peter Priya Rosa Ruth Sam Sara "
    "Simon Sofia Theo Tom Vera Victor Yara Zoe"
)
_LAST: Final = (
    "Adler Archer Bauer Becker Bell Brandt Brook Carter Castillo Clarke Cole Costa "
    "Dahl Dixon Duarte Evans Falk Ferrari Fisher Fox Garcia Grant Hale Hansen Hart "
    "Hayes Holm Hughes Ibrahim Jensen Keller Khan Klein Lambert Lang Larsen Lindqvist "
    "Lopez Marsh Martin Meyer Moreau Murphy Nash Novak Okafor Olsen Parker Patel Perez "
    "Petrov Quinn Reed Rossi Sato Schmidt Silva Singh Stone Tanaka Turner Vogel Walsh "
    "Weber Young Zhou"
)

FIRST: Final = _FIRST.split()
LAST: Final = _LAST.split()
