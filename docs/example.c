/* SPDX-License-Identifier: BSD-2-Clause. A device holds memory for long; the camera still gets its area. */
#include <gup/gup.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct gup_machine_config config = { .normal_bytes = 16 << 20, .cma = { { "camera", 32 << 20 } } };
	struct gup_map_request map = { 0, 4096, GUP_PROT_READ | GUP_PROT_WRITE, GUP_MAP_PRIVATE, NULL, 0 };
	struct gup_request request = { .bytes = 4096, .flags = GUP_WRITE | GUP_LONGTERM };
	struct gup_machine *m;
	struct gup_mm *app;
	struct gup_pin *pin;
	struct gup_page *area;
	struct gup_extent extent;
	char text[6] = "";

	if (gup_machine_create(&config, &m) || gup_mm_create(m, "app", &app))
		return 1;
	request.addr = gup_mmap(app, &map);
	gup_copy_to_user(app, request.addr, "empty", 6); /* the application borrows a frame of the camera's area */
	if (gup_pin(app, &request, &pin, NULL) || gup_cma_alloc(m, "camera", 32 << 20, 0, 0, &area, NULL))
		return 1;
	gup_pin_next_extent(&(struct gup_extent_iter){ .pin = pin }, &extent);
	memcpy(gup_page_address(m, extent.page), "hello", 6); /* what a device does */
	gup_copy_from_user(app, text, request.addr, 6);
	printf("the application reads \"%s\"\n", text);
	gup_cma_free(m, area, 32 << 20);
	return gup_unpin(pin, true) || gup_machine_check(m, NULL) || gup_machine_destroy(m) || text[0] != 'h';
}
