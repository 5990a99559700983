/* Requests one at a time over many connections, as fast as they are answered.
 *
 *     requests ask PORT CONNECTIONS SECONDS < FRAME
 *     requests answer SIZE
 *
 * `ask` opens so many connections to a broker on loopback, sends the frame on each, and sends it
 * again whenever it was answered, until the time is over; then it waits for what is still owed.
 * It knows nothing of Kafka but that a frame is an int32 and so many bytes, and prints how many
 * answers there were and how long they took, in microseconds.
 *
 * `answer` is a server that does nothing but answer: each frame with one of SIZE bytes of zeros.
 * It prints its port, and ends when its input does.  What `ask` reaches with it is the most that
 * `ask` can measure.
 *
 * One thread, epoll, no allocation per request. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 4096, MOST_BYTES = 1 << 16, EVENTS = 256, PATIENCE_MS = 10000 };

typedef struct {
    int fd;
    uint32_t have;   /* bytes of the frame that is coming in, its length included */
    uint32_t size;   /* of that length */
    uint8_t head[4];
    double asked;
} Connection;

static Connection connections[MOST_CONNECTIONS];
static uint8_t frame[MOST_BYTES], incoming[MOST_BYTES];
static size_t frame_size;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "not as it should be");
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void at_once(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void watch(int poller, int number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[number].fd, &event))
        fail("epoll");
}

/* One small frame fits what the system keeps for a connection on which nothing else is under way. */
static void send_frame(Connection *c)
{
    if (write(c->fd, frame, frame_size) != (ssize_t)frame_size)
        fail("sending");
    c->asked = now();
}

/* How many frames have become whole; -1: the other side has closed. */
static int receive(Connection *c)
{
    int whole = 0;
    ssize_t count = read(c->fd, incoming, sizeof incoming);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        return -1;
    for (ssize_t at = 0; at < count;) {
        if (c->have < 4) {
            c->head[c->have++] = incoming[at++];
            if (c->have < 4)
                continue;
            c->size = 4 + (((uint32_t)c->head[0] << 24) | ((uint32_t)c->head[1] << 16) |
                           ((uint32_t)c->head[2] << 8) | c->head[3]);
        } else {
            uint32_t more = c->size - c->have;
            uint32_t part = more < (uint32_t)(count - at) ? more : (uint32_t)(count - at);
            c->have += part;
            at += part;
        }
        if (c->have == c->size) {
            c->have = 0;
            whole++;
        }
    }
    return whole;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void ask(int port, int many, double seconds)
{
    size_t room = 1 << 20, answers = 0;
    float *took = malloc(room * sizeof *took);
    int poller = epoll_create1(0), owed = 0;
    struct sockaddr_in at = loopback(port);
    frame_size = fread(frame, 1, sizeof frame, stdin);
    if (!took || poller < 0 || !frame_size || many < 1 || many > MOST_CONNECTIONS)
        fail("what was asked for");
    for (int i = 0; i < many; i++) {
        connections[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connections[i].fd < 0 || connect(connections[i].fd, (struct sockaddr *)&at, sizeof at))
            fail("connecting");
        at_once(connections[i].fd);
        watch(poller, i);
    }
    double began = now(), until = began + seconds;
    for (int i = 0; i < many; i++, owed++)
        send_frame(&connections[i]);
    while (owed) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, PATIENCE_MS);
        if (ready <= 0)
            fail("waiting for answers");
        for (int i = 0; i < ready; i++) {
            Connection *c = &connections[events[i].data.u32];
            int whole = receive(c);
            if (whole < 0 || whole > 1)
                fail("an answer");
            if (!whole)
                continue;
            double moment = now();
            if (answers == room) {
                room *= 2;
                took = realloc(took, room * sizeof *took);
                if (!took)
                    fail("memory");
            }
            took[answers++] = (float)((moment - c->asked) * 1e6);
            if (moment < until)
                send_frame(c);
            else
                owed--;
        }
    }
    double elapsed = now() - began;
    qsort(took, answers, sizeof *took, ascending);
    printf("answers %zu seconds %.6f p50_us %.1f p99_us %.1f\n", answers, elapsed,
           (double)took[answers / 2], (double)took[answers * 99 / 100]);
}

static void answer(size_t size)
{
    struct sockaddr_in at = loopback(0);
    socklen_t length = sizeof at;
    int poller = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0), many = 2;
    if (poller < 0 || listener < 0 || size + 4 > sizeof frame ||
        bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024) ||
        getsockname(listener, (struct sockaddr *)&at, &length))
        fail("listening");
    frame_size = size + 4;
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    connections[0].fd = STDIN_FILENO;
    connections[1].fd = listener;
    watch(poller, 0);
    watch(poller, 1);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            uint32_t number = events[i].data.u32;
            if (number == 0)
                return;
            if (number == 1) {
                int fd = accept(listener, NULL, NULL);
                if (fd < 0 || many == MOST_CONNECTIONS)
                    fail("accepting");
                at_once(fd);
                connections[many].fd = fd;
                watch(poller, many++);
                continue;
            }
            int whole = receive(&connections[number]);
            if (whole < 0)
                close(connections[number].fd);
            for (; whole > 0; whole--)
                send_frame(&connections[number]);
        }
    }
}

int main(int count, char **words)
{
    if (count == 5 && !strcmp(words[1], "ask"))
        ask(atoi(words[2]), atoi(words[3]), atof(words[4]));
    else if (count == 3 && !strcmp(words[1], "answer"))
        answer((size_t)atoi(words[2]));
    else
        fail("usage: requests ask PORT CONNECTIONS SECONDS | answer SIZE");
    return 0;
}
