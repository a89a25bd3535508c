"""Differences: the fewest fields, by the names of things."""

from pointsman.definitions.differences import Difference, differences


def test_equal_things_do_not_differ():
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []


def test_a_number_and_a_boolean_differ():
    assert differences({"a": 1}, {"a": True}) == [Difference("a", 1, True)]


def test_a_number_and_a_boolean_differ_in_lists_too():
    before, after = {"values": [1, 2]}, {"values": [True, 2]}
    assert differences(before, after) == [Difference("values", [1, 2], [True, 2])]
    assert differences({"v": [{"values": [0]}]}, {"v": [{"values": [False]}]}) != []
    assert differences({"values": [1]}, {"values": [1.0]}) == []


def test_named_things_go_by_their_names():
    before = {"v": [{"name": "a", "w": 1}, {"name": "b", "w": 2}]}
    after = {"v": [{"name": "a", "w": 3}, {"name": "c", "w": 4}]}
    assert differences(before, after) == [
        Difference("v[a].w", 1, 3),
        Difference("v[b]", {"name": "b", "w": 2}, None),
        Difference("v[c]", None, {"name": "c", "w": 4}),
    ]


def test_an_order_is_a_difference_of_its_own():
    before, after = [{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}]
    assert differences({"v": before}, {"v": after}) == [Difference("v (order)", ["a", "b"], ["b", "a"])]


def test_other_lists_are_compared_as_wholes():
    assert differences({"tags": ["a", "b"]}, {"tags": ["a"]}) == [Difference("tags", ["a", "b"], ["a"])]
    twice = [{"name": "a"}, {"name": "a", "x": 1}]
    assert differences({"v": twice}, {"v": twice[:1]}) == [Difference("v", twice, twice[:1])]


def test_what_comes_and_goes():
    assert differences({"a": 1}, {"b": {"c": 2}}) == [
        Difference("a", 1, None),
        Difference("b", None, {"c": 2}),
    ]
