"""A monitor's channels through GraphQL: given, shown, taken, and kept from whom they are no business of."""

from __future__ import annotations

from core.access.principal import Grant, TokenPermission, TokenScope
from core.ids import Prefix, encode_id

PARTS = """monitor { id revision channels { enabled channel { id name monitor { name } } } }
  userErrors { code message path rule }"""
CREATE = f"mutation ($input: CreateMonitorInput!) {{ done: createMonitor(input: $input) {{ {PARTS} }} }}"
UPDATE = f"mutation ($input: UpdateMonitorInput!) {{ done: updateMonitor(input: $input) {{ {PARTS} }} }}"
READ = "{ monitors { nodes { name channels { enabled channel { name } } } } }"
SHOP = {"name": "Shop", "probe": {"http": {"url": "https://shop.example.org/"}}}


def nc(channel_id) -> str:
    return encode_id(Prefix.CHANNEL, channel_id)


async def done(who, document: str, **wanted):
    """Make a change and return what became of it."""
    return (await who.data(document, input=wanted))["done"]


def shown(payload) -> list[tuple[str, bool]]:
    assert payload["userErrors"] == []
    return [(each["channel"]["name"], each["enabled"]) for each in payload["monitor"]["channels"]]


async def test_channels_are_given_replaced_and_taken(owner) -> None:
    ops, night = nc(await owner.add_channel("Ops")), nc(await owner.add_channel("Night"))

    made = await done(
        owner, CREATE, **SHOP, channels=[{"channelId": night, "enabled": False}, {"channelId": ops}]
    )
    assert shown(made) == [("Night", False), ("Ops", True)]
    shop = made["monitor"]["id"]
    assert len(shown(await done(owner, UPDATE, id=shop, name="The shop"))) == 2
    assert shown(await done(owner, UPDATE, id=shop, channels=[{"channelId": ops}])) == [("Ops", True)]
    taken = await done(owner, UPDATE, id=shop, channels=None)
    assert (shown(taken), taken["monitor"]["revision"]) == ([], 4)
    assert shown(await done(owner, CREATE, **SHOP)) == []


async def test_a_channel_made_for_a_monitor_is_shown_with_it_and_ends_when_it_is_left_out(owner) -> None:
    shop = await owner.add_monitor("Shop")
    own = nc(await owner.add_own_channel(shop))
    public_id = encode_id(Prefix.MONITOR, shop)

    kept = await done(owner, UPDATE, id=public_id, channels=[{"channelId": own, "enabled": False}])
    assert kept["monitor"]["channels"] == [
        {"enabled": False, "channel": {"id": own, "name": "Its own", "monitor": {"name": "Shop"}}}
    ]
    assert (await owner.data("{ channels { totalCount } }"))["channels"]["totalCount"] == 1
    assert shown(await done(owner, UPDATE, id=public_id, channels=[])) == []
    assert (await owner.data("{ channels { totalCount } }"))["channels"]["totalCount"] == 0


async def test_ids_that_name_no_channel_for_the_monitor_are_told_alike_each_at_its_place(
    owner, stranger, contents
) -> None:
    shop = encode_id(Prefix.MONITOR, await owner.add_monitor("Shop"))
    of_another = await owner.add_own_channel(await owner.add_monitor("Blog"))
    wrong = [nc(owner.next_id()), "nc_?", "", shop, nc(await stranger.add_channel()), nc(of_another)]
    given = [{"channelId": nc(await owner.add_channel())}, *({"channelId": each} for each in wrong)]
    await owner.data(READ)  # that it was used is noted, and requests are leased
    before = await contents()

    for document, wanted in ((UPDATE, {"id": shop}), (CREATE, SHOP)):
        payload = await done(owner, document, **wanted, channels=given)
        assert payload == {
            "monitor": None,
            "userErrors": [
                {
                    "code": "INVALID_INPUT",
                    "message": f"channels.{place}.channelId names no channel that can be told of the monitor",
                    "path": ["channels", str(place), "channelId"],
                    "rule": "unknown",
                }
                for place in range(1, len(given))
            ],
        }
    assert await contents() == before


async def test_channels_are_null_and_not_given_without_the_right_to_read_them(owner, contents) -> None:
    shop = await owner.add_monitor("Shop")
    ops = await owner.add_channel("Ops")
    await owner.link_channel(ops, [shop])
    writer = await owner.add_token(Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.WRITE))
    public_id = encode_id(Prefix.MONITOR, shop)

    read = await writer.ask(READ)
    assert read.body["data"] == {"monitors": {"nodes": [{"name": "Shop", "channels": None}]}}
    assert read.codes == ["FORBIDDEN"]
    assert read.errors[0]["path"] == ["monitors", "nodes", 0, "channels"]
    before = await contents()
    update = "mutation ($input: UpdateMonitorInput!) { done: updateMonitor(input: $input) { userErrors { code } } }"
    for channels in ([{"channelId": nc(ops)}], [], None):
        refused = await done(writer, update, id=public_id, channels=channels)
        assert refused["userErrors"] == [{"code": "API_TOKEN_SCOPE_DENIED"}]
    assert await contents() == before
    assert (await done(writer, update, id=public_id, name="Renamed"))["userErrors"] == []
