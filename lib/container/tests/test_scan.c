/* SPDX-License-Identifier: Apache-2.0 */
#include "container/scan.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint8_t *naive_find(const uint8_t *needle, const uint8_t *mask, size_t size,
        const uint8_t *data, size_t data_size)
{
    for (size_t i = 0; size <= data_size && i <= data_size - size; i++) {
        size_t k = 0;
        while (k < size && (data[i + k] & (mask == NULL ? 0xFF : mask[k])) == needle[k])
            k++;
        if (k == size)
            return data + i;
    }
    return NULL;
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* `size` bytes right before a page that cannot be read. */
static uint8_t *guarded(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (size + page - 1) / page * page;
    uint8_t *memory =
            mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(mprotect(memory + pages, page, PROT_NONE), 0);
    return memory + pages - size;
}

static void guarded_free(uint8_t *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (size + page - 1) / page * page;
    (void)munmap(data + size - pages, pages + page);
}

/* Few different bytes make many near hits: every method and every step down is taken. */
static void agrees_with_the_plain_search(void **state)
{
    (void)state;
    for (int round = 0; round < 4000; round++) {
        size_t data_size = random_below(round % 10 == 0 ? 20000 : 300) + 1;
        size_t size = random_below(40) + 1;
        uint32_t alphabet = 1 + random_below(4) * random_below(40);
        uint8_t needle[40], mask[40];
        uint8_t *data = guarded(data_size);
        for (size_t i = 0; i < data_size; i++)
            data[i] = (uint8_t)random_below(alphabet);
        bool masked = random_below(2) == 0;
        size_t copy_from = random_below((uint32_t)data_size);
        for (size_t i = 0; i < size; i++) {
            mask[i] = masked ? (uint8_t[]){0, 0xFF, 0xF0, 0x0F, 0xFF}[random_below(5)] : 0xFF;
            uint8_t byte = copy_from + i < data_size ? data[copy_from + i]
                                                     : (uint8_t)random_below(alphabet);
            needle[i] = byte & mask[i];
        }
        mask[0] = 0xFF;
        needle[0] = data[copy_from];
        Scan scan;
        scan_init(&scan, needle, masked ? mask : NULL, size);
        const uint8_t *expected = naive_find(needle, mask, size, data, data_size);
        assert_ptr_equal(scan_find(&scan, data, data_size), expected);
        if (expected != NULL) {
            size_t rest = data_size - (size_t)(expected + 1 - data);
            assert_ptr_equal(scan_find(&scan, expected + 1, rest),
                    naive_find(needle, mask, size, expected + 1, rest));
        }
        guarded_free(data, data_size);
    }
}

/* A match at every place around a region's border. */
static void borders_of_regions_hide_nothing(void **state)
{
    (void)state;
    const size_t size = (3 << 20) + 77;
    static const uint8_t needle[] = "needle";
    uint8_t *data = guarded(size);
    memset(data, 'n', size);
    for (size_t place = (1 << 20) - 8; place < (1 << 20) + 8; place++) {
        memcpy(data + place, needle, 6);
        Scan scan;
        scan_init(&scan, needle, NULL, 6);
        assert_ptr_equal(scan_find(&scan, data, size), data + place);
        memset(data + place, 'n', 6);
    }
    memcpy(data + size - 6, needle, 6);
    Scan scan;
    scan_init(&scan, needle, NULL, 6);
    assert_ptr_equal(scan_find(&scan, data, size), data + size - 6);
    guarded_free(data, size);
}

/* What is chosen, for data that each method is for. */
static void the_method_follows_the_data(void **state)
{
    (void)state;
    const size_t size = 4 << 20;
    uint8_t *data = guarded(size);
    Scan scan;
    memset(data, 0xFF, size);
    scan_init(&scan, (const uint8_t *)"\xFF\xFF\xAA", NULL, 3);
    assert_null(scan_find(&scan, data, size));
    assert_int_equal(scan.method, SCAN_RARE_BYTE);
    assert_int_equal(scan.probes[0], 2);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)random_below(4);
    scan_init(&scan, (const uint8_t *)"\0\1\2\3\0\0\1\1\2\2\3\3\0\1\2\3", NULL, 16);
    (void)scan_find(&scan, data, size);
    assert_int_not_equal(scan.method, SCAN_RARE_BYTE);
    /* Periodic: every second place is a near hit of a needle so long that not every position of it
     * is weighed, and the one that differs is not. False hits name it. */
    static uint8_t needle[16 * 4096];
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 2);
    memcpy(needle, data, sizeof needle);
    needle[2000] ^= 1;
    scan_init(&scan, needle, NULL, sizeof needle);
    assert_null(scan_find(&scan, data, size));
    assert_int_equal(scan.method, SCAN_PROBES);
    assert_int_equal(scan.probe_count, 3);
    assert_int_equal(scan.probes[2], 2000);
    /* Every place is a near hit, and each is told by another byte. */
    memset(data, 'a', size);
    for (size_t i = 0; i < size; i += 997)
        data[i] = 'b';
    memset(needle, 'a', sizeof needle);
    scan_init(&scan, needle, NULL, 4096);
    assert_null(scan_find(&scan, data, size));
    assert_int_equal(scan.method, SCAN_MEMMEM);
    guarded_free(data, size);
}

TEST_MAIN(cmocka_unit_test(agrees_with_the_plain_search),
        cmocka_unit_test(borders_of_regions_hide_nothing),
        cmocka_unit_test(the_method_follows_the_data))
