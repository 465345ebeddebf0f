/* SPDX-License-Identifier: BSD-2-Clause */
/* bcm_vk_msg.h - nothing of the messages is used; what the file itself offers is in its own header. */
#include <../drivers/misc/bcm-vk/bcm_vk_sg.h>
