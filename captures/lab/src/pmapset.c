/* pmapset.c
 * Registers a service with the rpcbind of this machine, as it was before rpcbind was restarted.
 *
 * pmapset PROGRAM VERSION tcp|udp PORT
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
    const struct timeval patience = { 5, 0 };
    struct sockaddr_in   local = { .sin_family = AF_INET, .sin_port = htons(640) };
    struct sockaddr_in   rpcbind = { .sin_family = AF_INET, .sin_port = htons(111) };
    uint32_t             call[14], answer[16];
    uint32_t             program, version, protocol, port;
    ssize_t              got;
    int                  fd, i;

    if (argc != 5)
        return 2;
    program = (uint32_t)strtoul(argv[1], NULL, 10);
    version = (uint32_t)strtoul(argv[2], NULL, 10);
    protocol = strcmp(argv[3], "tcp") == 0 ? 6 : 17;
    port = (uint32_t)strtoul(argv[4], NULL, 10);
    local.sin_addr.s_addr = rpcbind.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) < 0)
        return 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    {
        /* xid, call, RPC 2, portmap 2 SET, two empty AUTH_NONE, then program, version, protocol, port */
        const uint32_t words[14] = { 0x4e4c4d00 + version, 0, 2, 100000, 2, 1, 0, 0, 0, 0, program, version, protocol, port };

        for (i = 0; i < 14; i++)
            call[i] = htonl(words[i]);
    }
    if (sendto(fd, call, sizeof call, 0, (struct sockaddr *)&rpcbind, sizeof rpcbind) < 0)
        return 1;
    got = recv(fd, answer, sizeof answer, 0);
    close(fd);
    return got >= 28 && ntohl(answer[6]) == 1 ? 0 : 1;
}
