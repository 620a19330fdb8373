"""Orders as a kind of import: the fields, the names files have for them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.orders import batches
from loyalty.orders.loading import OrderLoader
from members.imports import kinds
from members.imports.enums import ImportKind
from members.imports.kinds import Kind
from members.imports.mapping import Field

FIELDS = (
    Field(
        name="order_id",
        label=_("Order number"),
        help=_("Without one, member, time and amount tell an order."),
        synonyms=(
            "order_no order_number orderno ordernumber invoice invoice_no invoice_number "
            "receipt receipt_id receipt_no transaction_id transaction_no document_id "
            "document_no 订单号 订单编号 单号 流水号 小票号 交易号"
        ),
    ),
    Field(
        name="member",
        label=_("Member"),
        required=True,
        synonyms=(
            "member_id member_no member_number customer customer_id customer_no "
            "customer_number client client_id user_id buyer buyer_id master_id card_no "
            "card_number loyalty_id 会员 会员号 会员编号 会员卡号 会员id 客户编号 客户号 "
            "顾客编号 用户id"
        ),
    ),
    Field(
        name="ordered_at",
        label=_("Date and time"),
        required=True,
        synonyms=(
            "date datetime order_date order_time placed_at created_at invoice_date "
            "purchase_date purchased_at transaction_date timestamp sold_at 下单时间 "
            "订单时间 交易时间 消费时间 下单日期 订单日期 交易日期 购买日期 日期 时间"
        ),
    ),
    Field(
        name="amount",
        label=_("Amount"),
        required=True,
        synonyms=(
            "total order_total total_amount net_amount order_amount value order_value "
            "dollar_value revenue sales spend paid amount_paid 金额 订单金额 实付金额 "
            "支付金额 消费金额 交易金额 总金额 实收金额"
        ),
    ),
    Field(
        name="kind",
        label=_("Kind"),
        help=_("order or refund; a negative amount is a refund anyway."),
        synonyms="order_kind order_type document_type 单据类型 订单类型 交易类型",
    ),
    Field(
        name="refund_of",
        label=_("Refund of order"),
        synonyms=(
            "original_order original_order_id refunded_order refund_for 原订单号 原单号"
        ),
    ),
    Field(
        name="currency", label=_("Currency"), synonyms="currency_code 币种 货币 币别"
    ),
    Field(name="channel", label=_("Channel"), synonyms="sales_channel 渠道 销售渠道"),
    Field(
        name="store",
        label=_("Store"),
        synonyms=(
            "store_code store_id store_no shop shop_id shop_code branch 门店 门店编号 "
            "门店编码 店铺 店号"
        ),
    ),
    Field(
        name="category",
        label=_("Category"),
        synonyms="product_category department 品类 类别 分类 商品类别 商品分类",
    ),
    Field(
        name="sku",
        label=_("Article"),
        synonyms=(
            "stock_code product_id product_code item_id item_no article article_no "
            "商品编码 商品编号 货号"
        ),
    ),
    Field(
        name="quantity",
        label=_("Quantity"),
        synonyms="qty units number_of_cds 数量 件数",
    ),
    Field(name="margin", label=_("Margin"), synonyms="gross_margin profit 毛利 利润"),
)


def register() -> None:
    kinds.register(
        Kind(
            name=ImportKind.ORDERS.value,
            label=_("Orders"),
            fields=FIELDS,
            loader=OrderLoader,
            undo=batches.undo_batch,
        )
    )
