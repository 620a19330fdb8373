"""Members as a kind of import: the fields, the names files have for them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.imports import kinds
from members.imports.enums import ImportKind
from members.imports.kinds import Kind
from members.imports.mapping import Field
from members.profiles import services
from members.profiles.loading import MemberLoader

FIELDS = (
    Field(
        name="member",
        label=_("Member"),
        required=True,
        help=_("The number the source has for them, ~email:… or ~phone:…."),
        synonyms=(
            "id external_id member_id member_no member_number customer customer_id "
            "customer_no customer_number client client_id user_id buyer_id card_no "
            "card_number loyalty_id 会员 会员号 会员编号 会员卡号 会员id 客户编号 客户号 "
            "顾客编号 用户id 卡号"
        ),
    ),
    Field(
        name="name",
        label=_("Name"),
        synonyms=(
            "full_name display_name customer_name member_name client_name 姓名 名字 "
            "名称 会员姓名 客户姓名 顾客姓名 会员名称"
        ),
    ),
    Field(
        name="email",
        label=_("E-mail"),
        synonyms=(
            "e_mail email_address e_mail_address mail 邮箱 电子邮箱 电子邮件 邮件 "
            "邮箱地址 邮件地址"
        ),
    ),
    Field(
        name="phone",
        label=_("Phone"),
        help=_("With country code, or say the country below."),
        synonyms=(
            "phone_number telephone tel mobile mobile_phone mobile_number cell "
            "cellphone cell_phone 手机 手机号 手机号码 电话 电话号码 联系电话 移动电话"
        ),
    ),
    Field(
        name="birthday",
        label=_("Birthday"),
        synonyms=(
            "birth_date birthdate birth_day date_of_birth dob 生日 出生日期 出生年月日"
        ),
    ),
    Field(
        name="joined_on",
        label=_("Joined on"),
        help=_("Without it, the day of the first order counts."),
        synonyms=(
            "joined joined_at join_date joining_date member_since customer_since "
            "registered_on registered_at registration_date signup_date sign_up_date "
            "enrolled_on enrolled_at enrolment_date enrollment_date created_at "
            "created_on 入会日期 入会时间 加入日期 加入时间 注册日期 注册时间 开卡日期"
        ),
    ),
    Field(
        name="store",
        label=_("Home store"),
        synonyms=(
            "store_code store_id store_no home_store preferred_store shop shop_id "
            "shop_code branch 门店 门店编号 门店编码 店铺 店号 所属门店 归属门店 "
            "入会门店 开卡门店"
        ),
    ),
    Field(
        name="language",
        label=_("Language"),
        synonyms="lang locale preferred_language language_code 语言 首选语言 语种",
    ),
    Field(
        name="acquisition_channel",
        label=_("Acquisition channel"),
        synonyms=(
            "acquisition_source acquired_by acquired_through signup_channel "
            "sign_up_channel registration_channel channel 获客渠道 来源渠道 注册渠道 "
            "入会渠道 会员来源 渠道"
        ),
    ),
    Field(
        name="email_consent",
        label=_("Consent to e-mail"),
        help=_("Yes or no; any other column CHANNEL_consent is read alike."),
        synonyms=(
            "email_opt_in email_optin accepts_email accepts_email_marketing newsletter "
            "邮件同意 同意邮件 接受邮件 邮件订阅 邮箱同意"
        ),
    ),
    Field(
        name="sms_consent",
        label=_("Consent to text messages"),
        synonyms=(
            "sms_opt_in sms_optin accepts_sms accepts_sms_marketing text_consent "
            "短信同意 同意短信 接受短信 短信订阅"
        ),
    ),
    Field(
        name="phone_consent",
        label=_("Consent to calls"),
        synonyms=(
            "phone_opt_in phone_optin call_consent calls_consent accepts_calls "
            "电话同意 同意电话 接受电话 接受来电"
        ),
    ),
    Field(
        name="post_consent",
        label=_("Consent to letters"),
        synonyms=(
            "post_opt_in postal_consent mail_consent direct_mail_consent "
            "邮寄同意 信件同意 接受邮寄 接受信件"
        ),
    ),
    Field(
        name="wechat_consent",
        label=_("Consent to WeChat"),
        synonyms="wechat_opt_in wechat_optin 微信同意 同意微信 接受微信",
    ),
    Field(
        name="consent_at",
        label=_("When they consented"),
        help=_("Without it, the moment of the import counts."),
        synonyms=(
            "consent_date consent_time consented_at opt_in_at opted_in_at 同意时间 "
            "同意日期 授权时间 授权日期"
        ),
    ),
)

REASONS = {
    "duplicate": _("The member is on an earlier line of the file."),
    "changed": _(
        "The member is known with another value. Allow updates to replace it."
    ),
    "identifier_taken": _("It belongs to another member."),
}


def register() -> None:
    kinds.register(
        Kind(
            name=ImportKind.MEMBERS.value,
            label=_("Members"),
            fields=FIELDS,
            loader=MemberLoader,
            undo=services.undo_batch,
            reasons=REASONS,
            extra_columns=True,
            extra_help=_(
                "Columns of no field are kept as attributes under their own names; "
                "CHANNEL_consent and CHANNEL_consent_at are read as consents."
            ),
        )
    )
