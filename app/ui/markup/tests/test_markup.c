/* SPDX-License-Identifier: Apache-2.0 */

/* The markup of views: what it becomes, and what is said of what is wrong. */

#include "support/test.h"
#include "ui/markup/markup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static UiNode *parse(const char *xml)
{
    UiNode *root = NULL;
    ProError error = {0};
    if (markup_parse(xml, strlen(xml), &root, &error) != PRO_OK)
        fail_msg("%s", error.text);
    return root;
}

static void refuses(const char *xml, const char *reason)
{
    UiNode *root = NULL;
    ProError error = {0};
    assert_int_not_equal(markup_parse(xml, strlen(xml), &root, &error), PRO_OK);
    assert_null(root);
    if (strcmp(error.text, reason) != 0)
        fail_msg("'%s' is not '%s'", error.text, reason);
}

static void the_grid_of_the_seed_script(void **state)
{
    (void)state;
    UiNode *root = parse("<ui><gl margin='20' spacing='20' align='top'><progbar id='0'/>"
                         "<btn id='1000' text='Stop'/><nl/></gl></ui>");
    const UiNode *grid = root->children[0];
    assert_int_equal(grid->element, UI_GL);
    assert_int_equal(grid->margin, 20);
    assert_int_equal(grid->align_y, UI_ALIGN_START);
    assert_int_equal(grid->align_x, UI_ALIGN_FILL);
    assert_int_equal(grid->child_count, 3);
    assert_string_equal(markup_find(root, 1000)->text, "Stop");
    assert_null(markup_find(root, 1));
    markup_free(root);
}

static void attributes_have_values_of_their_kind(void **state)
{
    (void)state;
    UiNode *root = parse("<ui><hl><edit id='1' enabled='no' hint='&lt;name&gt;' grow='1'/>\n"
                         "<progbar min='-5' max='5' value='2'/><combo items='a|b' value='1'/>"
                         "<check checked='true' align='right bottom'/></hl></ui>");
    const UiNode *row = root->children[0];
    assert_true(row->children[0]->disabled);
    assert_string_equal(row->children[0]->hint, "<name>");
    assert_int_equal(row->children[1]->minimum, -5);
    assert_int_equal(row->children[1]->line, 2);
    assert_int_equal(row->children[1]->column, 1);
    assert_int_equal(row->children[2]->value, 1);
    assert_int_equal(row->children[3]->value, 1);
    assert_int_equal(row->children[3]->align_x, UI_ALIGN_END);
    assert_int_equal(row->children[3]->align_y, UI_ALIGN_END);
    markup_free(root);
}

static void what_is_unknown_is_named_with_what_is_near(void **state)
{
    (void)state;
    refuses("<ui><buton/></ui>", "line 1, column 5: <buton>: unknown element; did you mean <btn>?");
    refuses("<ui><qqqqqqqq/></ui>", "line 1, column 5: <qqqqqqqq>: unknown element");
    refuses("<ui>\n  <btn id='1' txet='a'/></ui>",
            "line 2, column 3: <btn>: unknown attribute 'txet'; did you mean 'text'?");
    refuses("<ui><hs text='a'/></ui>", "line 1, column 5: <hs>: unknown attribute 'text'");
    refuses("<ui><btn/><btn id='2'/><label id='2'/></ui>",
            "line 1, column 24: <label>: id 2 is that of <btn> in line 1, column 11 already");
}

static void values_of_a_wrong_kind_are_refused(void **state)
{
    (void)state;
    refuses("<ui><btn id='x'/></ui>",
            "line 1, column 5: <btn>: id='x' is not a number from 0 to 2147483647");
    refuses("<ui><btn id='99999999999'/></ui>",
            "line 1, column 5: <btn>: id='99999999999' is not a number from 0 to 2147483647");
    refuses("<ui><hl margin='-1'/></ui>",
            "line 1, column 5: <hl>: margin='-1' is not a number of pixels from 0 to 100000");
    refuses("<ui><check checked='maybe'/></ui>",
            "line 1, column 5: <check>: checked='maybe' is not true or false");
    refuses("<ui><btn align='up'/></ui>",
            "line 1, column 5: <btn>: align='up' is not of left, right, top, bottom, center, fill");
    refuses("<ui><progbar min='3' max='3'/></ui>",
            "line 1, column 5: <progbar>: min must be less than max");
    refuses("<ui><combo items='a|b' value='2'/></ui>",
            "line 1, column 5: <combo>: value=2 is the number of no item");
}

static void malformed_xml_is_told_with_its_place(void **state)
{
    (void)state;
    UiNode *root = NULL;
    ProError error = {0};
    static const char *const wrong[] = {"", "<ui>", "<ui><hs></ui>", "<ui><btn text='a></ui>",
            "<ui></ui><ui></ui>", "<ui><btn id=1/></ui>", "<ui>&nothing;</ui>", "text"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_not_equal(markup_parse(wrong[i], strlen(wrong[i]), &root, &error), PRO_OK);
        assert_non_null(strstr(error.text, "line 1, column "));
    }
    refuses("<ui>\n<hs>\n</vs></ui>",
            "line 3, column 1: in <hs>: malformed XML: Element “vs” was closed, but the currently "
            "open element is “hs”");
}

static void elements_stand_where_they_may(void **state)
{
    (void)state;
    refuses("<hs/>", "line 1, column 1: <hs>: the outermost element must be <ui>");
    refuses("<ui><ui/></ui>", "line 1, column 5: <ui>: <ui> must be the outermost element");
    refuses("<ui><hl><nl/></hl></ui>", "line 1, column 9: <nl>: stands in <gl> only");
    refuses("<ui><btn><btn/></btn></ui>",
            "line 1, column 10: <btn>: <btn> holds no other elements");
    refuses("<ui><hl>hello</hl></ui>",
            "line 1, column 14: <hl>: text between elements: 'hello'; texts stand in the attribute text");
}

static void depth_and_count_have_limits(void **state)
{
    (void)state;
    char *xml = malloc(UI_MARKUP_ELEMENTS_MAX * 8 + 64);
    char *end = stpcpy(xml, "<ui>");
    for (int i = 0; i < UI_MARKUP_DEPTH_MAX; i++)
        end = stpcpy(end, "<hl>");
    UiNode *root = NULL;
    ProError error = {0};
    assert_int_not_equal(markup_parse(xml, strlen(xml), &root, &error), PRO_OK);
    assert_non_null(strstr(error.text, "stands deeper than 64"));
    end = stpcpy(xml, "<ui>");
    for (int i = 0; i < UI_MARKUP_ELEMENTS_MAX; i++)
        end = stpcpy(end, "<btn/>");
    assert_int_not_equal(markup_parse(xml, strlen(xml), &root, &error), PRO_OK);
    assert_non_null(strstr(error.text, "more than 20000 elements"));
    free(xml);
}

static void names_that_are_near(void **state)
{
    (void)state;
    static const char *const names[] = {"text", "title", "progbar"};
    assert_string_equal(markup_nearest("txt", names, 3), "text");
    assert_string_equal(markup_nearest("progressbar", names, 3), "progbar");
    assert_string_equal(markup_nearest("TITLE", names, 3), "title");
    assert_null(markup_nearest("zzzzzz", names, 3));
    assert_null(markup_nearest("", names, 3));
}

TEST_MAIN(cmocka_unit_test(the_grid_of_the_seed_script),
        cmocka_unit_test(attributes_have_values_of_their_kind),
        cmocka_unit_test(what_is_unknown_is_named_with_what_is_near),
        cmocka_unit_test(values_of_a_wrong_kind_are_refused),
        cmocka_unit_test(malformed_xml_is_told_with_its_place),
        cmocka_unit_test(elements_stand_where_they_may),
        cmocka_unit_test(depth_and_count_have_limits), cmocka_unit_test(names_that_are_near))
