package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
)

// command is one as it is typed, with one part in quotes at most; A: stands for
// the tenant's own prefix, B: for the other's.
func (n neighbours) command(c *client.Client, line string) *client.Cmd {
	line = strings.NewReplacer("A:", n.own.Prefix, "B:", n.other.Prefix, "USER_B", n.other.Username).Replace(line)
	var arguments []any
	for i, part := range strings.Split(line, `"`) {
		words := strings.Fields(part)
		if i == 1 {
			words = []string{part}
		}
		for _, word := range words {
			arguments = append(arguments, word)
		}
	}
	return c.Do(context.Background(), arguments...)
}

// wantRefused fails unless the server refused a command for who asks. Two are
// refused to everybody, and before that is looked at.
func wantRefused(t *testing.T, line string, err error) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "command not allowed") {
		t.Errorf("%s: %v, want NOPERM", line, err)
	}
}

// neighbours are two tenants of one server; the other has data and a session.
type neighbours struct {
	own, other outputs
	c, theirs  *client.Client
}

func twoTenants(t *testing.T) (*world, neighbours) {
	t.Helper()
	w := sharedWorld(t, nil)
	a, own := w.provision(newOp(sharedPlan("small")))
	b, other := w.provision(newOp(sharedPlan("small")))
	n := neighbours{own: own, other: other, c: w.customer(a), theirs: w.customer(b)}
	for _, line := range []string{
		"SET B:secret treasure", "LPUSH B:list treasure", "XADD B:stream * k treasure", "SADD B:set treasure",
	} {
		ok(t, line, n.command(n.theirs, line).Err())
	}
	ok(t, "own data", n.command(n.c, "SET A:mine 1").Err())
	ok(t, "own data", n.command(n.c, "LPUSH A:list 1").Err())
	return w, n
}

// TestATenantCannotLeaveItsPrefix is the list of backends.md §4, each command
// asked of a real server.
func TestATenantCannotLeaveItsPrefix(t *testing.T) {
	t.Parallel()
	_, n := twoTenants(t)
	for _, line := range []string{
		// keys of others
		"GET B:secret", "SET B:secret x", "DEL B:secret", "UNLINK B:secret", "EXISTS B:secret", "TYPE B:secret", "TTL B:secret", "EXPIRE B:secret 1",
		"DUMP B:secret", "OBJECT ENCODING B:secret", "MEMORY USAGE B:secret", "TOUCH B:secret", "GETDEL B:secret", "MGET A:mine B:secret", "MSET A:mine 1 B:secret x",
		"COPY B:secret A:copy", "COPY A:mine B:secret REPLACE", "COPY B:secret A:copy DB 1", "SORT A:list BY B:*", "SORT A:list GET B:*", "SORT A:list BY nosort GET B:secret", "OBJECT FREQ B:secret", "XINFO STREAM B:stream", "GEOSEARCHSTORE B:geo A:geo FROMLONLAT 0 0 BYRADIUS 1 km", "RENAME B:secret A:stolen", "RENAME A:mine B:secret", "RENAMENX B:secret A:stolen",
		"BLPOP B:list 1", "LPOP B:list", "LMOVE B:list A:list LEFT LEFT", "RPOPLPUSH B:list A:list", "BLMOVE B:list A:list LEFT LEFT 1", "LMPOP 1 B:list LEFT",
		"SUNIONSTORE A:set B:set", "SMEMBERS B:set", "SSCAN B:set 0", "ZUNIONSTORE A:z 1 B:set", "PFMERGE A:hll B:hll", "BITOP AND A:bits B:secret",
		"XREAD STREAMS B:stream 0", "XREADGROUP GROUP g c STREAMS B:stream >", "XRANGE B:stream - +", "WATCH B:secret", "LCS A:mine B:secret",
		"GEORADIUS A:geo 0 0 1 km STORE B:geo", "SORT B:list", "SORT_RO B:list", "GET secret", "GET *",
		// channels of others
		"PUBLISH B:channel x", "SPUBLISH B:channel x", "SUBSCRIBE B:channel", "SSUBSCRIBE B:channel", "PSUBSCRIBE *", "PSUBSCRIBE B:*", "SUBSCRIBE __keyspace@0__:B:secret",
		"PUBLISH addongw:resource:other x",
		// what tells of others
		"KEYS *", "KEYS A:*", "SCAN 0", "SCAN 0 MATCH A:*", "RANDOMKEY", "DBSIZE", "INFO", "INFO keyspace", "PUBSUB CHANNELS", "PUBSUB NUMPAT", "PUBSUB NUMSUB B:channel", "PUBSUB SHARDCHANNELS",
		"MEMORY STATS", "MEMORY DOCTOR", "MEMORY MALLOC-STATS", "CLIENT LIST", "CLIENT LIST ID 1", "SLOWLOG GET", "LATENCY LATEST", "MONITOR",
		"CLIENT TRACKING ON BCAST", "CLIENT TRACKING ON", "ROLE", "LASTSAVE",
		"ACL LIST", "ACL USERS", "ACL GETUSER USER_B", "ACL LOG", "CONFIG GET *",
		// what touches others
		"FLUSHALL", "FLUSHDB", "SELECT 1", "MOVE A:mine 1", "SWAPDB 0 1", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1", "CLIENT UNPAUSE", "CLIENT UNBLOCK 1", "CLIENT NO-EVICT ON",
		`EVAL "return 1" 0`, `EVAL_RO "return 1" 0`, "EVALSHA abc 0", "SCRIPT FLUSH", "SCRIPT LOAD return", "SCRIPT KILL", "SCRIPT EXISTS abc", "FUNCTION LIST", "FUNCTION FLUSH", "FUNCTION STATS", "FUNCTION KILL", "FCALL f 0", "FCALL_RO f 0",
		"LOLWUT", "CLUSTER NODES", "CLUSTER SHARDS", "CLUSTER GETKEYSINSLOT 1 1", // nobody needs them
		"MEMORY PURGE", "SLOWLOG RESET", "LATENCY RESET",
		// what is for administrators
		"ACL SETUSER USER_B nopass", "ACL DELUSER USER_B", "ACL SAVE", "ACL LOAD", "ACL GENPASS", "ACL CAT", "ACL DRYRUN USER_B PING", "CONFIG SET maxmemory 1", "CONFIG REWRITE", "CONFIG RESETSTAT",
		"SHUTDOWN", "DEBUG SLEEP 0", "REPLICAOF NO ONE", "SLAVEOF NO ONE", "FAILOVER", "SYNC", "PSYNC ? -1", "REPLCONF x y", "MODULE LIST", "MODULE LOAD /x", "MIGRATE 127.0.0.1 1 A:mine 0 1", "RESTORE A:new 0 x",
		"SAVE", "BGSAVE", "BGREWRITEAOF", "CLUSTER RESET", "CLUSTER MEET 127.0.0.1 1", "PFDEBUG GETREG A:hll", "PFSELFTEST", "RESTORE-ASKING A:new 0 x",
	} {
		wantRefused(t, line, n.command(n.c, line).Err())
	}
	if got := n.command(n.theirs, "GET B:secret").Val(); got != "treasure" {
		t.Errorf("the other's data is %v", got)
	}
	for _, line := range []string{"AUTH USER_B wrong", "AUTH default x", "AUTH admin x"} {
		wantError(t, line, n.command(n.c, line).Err(), "WRONGPASS")
	}
	anonymous := redistest.Client(n.own.addr(), "", "")
	defer func() { _ = anonymous.Close() }()
	wantError(t, "without a password", anonymous.Ping(t.Context()).Err(), "NOAUTH")
}

func TestATenantDoesItsOrdinaryWork(t *testing.T) {
	t.Parallel()
	_, n := twoTenants(t)
	for _, line := range []string{
		"PING", "ECHO x", "TIME", "HELLO 2", "CLIENT SETNAME worker", "CLIENT GETNAME", "CLIENT ID", "CLIENT INFO", "ACL WHOAMI", "COMMAND COUNT", "WAIT 0 1",
		"SET A:k v EX 100", "GET A:k", "APPEND A:k x", "STRLEN A:k", "INCR A:n", "INCRBYFLOAT A:n 1.5", "SETEX A:e 100 v", "SETNX A:nx 1", "GETEX A:k EX 5", "MSET A:a 1 A:b 2", "MGET A:a A:b", "GETRANGE A:k 0 1",
		"EXPIRE A:k 100", "PEXPIRE A:k 100000", "TTL A:k", "PERSIST A:k", "EXISTS A:k", "TYPE A:k", "RENAME A:a A:c", "COPY A:c A:d", "DUMP A:c", "OBJECT ENCODING A:c", "MEMORY USAGE A:c", "TOUCH A:c", "UNLINK A:c", "DEL A:d",
		"HSET A:h f v", "HGETALL A:h", "HINCRBY A:h n 1", "HSCAN A:h 0", "HDEL A:h f",
		"RPUSH A:l a b c", "LRANGE A:l 0 -1", "LMOVE A:l A:l2 LEFT RIGHT", "BLPOP A:l 1", "BRPOP A:l A:l2 1", "LTRIM A:l 0 1", "LLEN A:l",
		"SADD A:s a b", "SMEMBERS A:s", "SSCAN A:s 0", "SPOP A:s", "SUNIONSTORE A:s2 A:s",
		"ZADD A:z 1 a 2 b", "ZRANGE A:z 0 -1", "ZINCRBY A:z 1 a", "BZPOPMIN A:z 1", "ZSCAN A:z 0",
		"XADD A:x * f v", "XGROUP CREATE A:x g 0", "XREADGROUP GROUP g c STREAMS A:x >", "XACK A:x g 1-1", "XLEN A:x", "XREAD STREAMS A:x 0", "XINFO STREAM A:x",
		"PFADD A:hll a", "PFCOUNT A:hll", "SETBIT A:bits 7 1", "BITCOUNT A:bits", "GEOADD A:geo 13 38 Palermo", "GEOSEARCH A:geo FROMMEMBER Palermo BYRADIUS 1 km",
		"PUBLISH A:channel x", "SPUBLISH A:channel x", "WATCH A:k", "MULTI", "SET A:k 1", "INCR A:k", "EXEC", "UNWATCH", "MULTI", "DISCARD",
	} {
		if err := n.command(n.c, line).Err(); err != nil && !errors.Is(err, client.Nil) {
			t.Errorf("%s: %v", line, err)
		}
	}
	pubsub := n.c.PSubscribe(t.Context(), n.own.Prefix+"*")
	defer func() { _ = pubsub.Close() }()
	_, err := pubsub.Receive(t.Context())
	ok(t, "subscribe", err)
	ok(t, "publish", n.c.Publish(t.Context(), n.own.Prefix+"news", "hello").Err())
	within, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if message, err := pubsub.ReceiveMessage(within); err != nil || message.Payload != "hello" {
		t.Errorf("got %v, %v", message, err)
	}
	_, err = n.c.TxPipelined(t.Context(), func(p client.Pipeliner) error {
		p.Incr(t.Context(), n.own.Prefix+"n2")
		p.Expire(t.Context(), n.own.Prefix+"n2", time.Minute)
		return nil
	})
	ok(t, "transaction", err)
	woken := make(chan error, 1)
	go func() {
		_, err := n.c.BLPop(context.Background(), 10*time.Second, n.own.Prefix+"queue").Result()
		woken <- err
	}()
	ok(t, "push", n.c.LPush(t.Context(), n.own.Prefix+"queue", "job").Err())
	ok(t, "a blocking pop", <-woken)
}

// TestEveryKeylessCommandOfATenantIsKnown asks the server about all commands
// that it has. What names no key is about the server, and each such command was
// looked at before it came into this list: none tells of others or touches them.
func TestEveryKeylessCommandOfATenantIsKnown(t *testing.T) {
	t.Parallel()
	w, n := twoTenants(t)
	admin := w.server.Admin()
	defer func() { _ = admin.Close() }()
	known := strings.Fields(`acl|whoami asking auth client|caching client|getname client|getredir client|help client|id client|info client|reply client|setname client|trackinginfo
		command command|count command|docs command|getkeys command|getkeysandflags command|help command|info command|list
		discard echo exec hello multi object|help ping psubscribe publish punsubscribe quit readonly readwrite reset
		spublish ssubscribe subscribe sunsubscribe time unsubscribe unwatch wait xgroup|help xinfo|help`)
	var allowed []string
	for name, arguments := range keyless(t, admin) {
		if permitted(t, admin, n.own.Username, arguments) {
			allowed = append(allowed, name)
		}
	}
	slices.Sort(allowed)
	for _, name := range allowed {
		if !slices.Contains(known, name) {
			t.Errorf("%s is allowed, and nobody has looked at it", name)
		}
	}
	if len(allowed) < 30 {
		t.Errorf("only %q are allowed: is the server asked the right way?", allowed)
	}
}

// keyless are all commands and subcommands that name no keys, with as many
// arguments as they need.
func keyless(t *testing.T, admin *client.Client) map[string][]any {
	t.Helper()
	all, err := admin.Do(t.Context(), "COMMAND").Slice()
	ok(t, "COMMAND", err)
	found := map[string][]any{}
	var visit func(entry []any)
	visit = func(entry []any) {
		name, arity := entry[0].(string), entry[1].(int64)
		subcommands, _ := entry[9].([]any)
		for _, sub := range subcommands {
			visit(sub.([]any))
		}
		if first := entry[3].(int64); first != 0 || len(entry[8].([]any)) > 0 || len(subcommands) > 0 && arity < 0 && name != "command" {
			return
		}
		arguments := []any{}
		for _, word := range strings.Split(name, "|") {
			arguments = append(arguments, word)
		}
		if arity < 0 {
			arity = -arity
		}
		for int64(len(arguments)) < arity {
			arguments = append(arguments, "x")
		}
		found[name] = arguments
	}
	for _, entry := range all {
		visit(entry.([]any))
	}
	return found
}

// permitted asks whether a user may run a command at all; which channels it may
// use is another question.
func permitted(t *testing.T, admin *client.Client, user string, arguments []any) bool {
	t.Helper()
	answer, err := admin.Do(t.Context(), append([]any{"ACL", "DRYRUN", user}, arguments...)...).Text()
	ok(t, fmt.Sprint("ACL DRYRUN ", arguments), err)
	return !strings.Contains(answer, "has no permissions to run the")
}

// TestACustomerOwnsTheDataOfItsServerAndNotTheServer is about dedicated ones.
func TestACustomerOwnsTheDataOfItsServerAndNotTheServer(t *testing.T) {
	t.Parallel()
	w := dedicatedWorld(t, nil)
	op, out := w.provision(newOp(dedicatedPlan(16, 10)))
	n := neighbours{own: out, c: w.customer(op)}
	for _, line := range []string{
		"CONFIG GET *", "CONFIG SET dir /tmp", "CONFIG SET maxmemory 0", "CONFIG REWRITE", "CONFIG RESETSTAT", "ACL LIST", "ACL USERS", "ACL GETUSER addongw", "ACL SETUSER default on", "ACL DELUSER addongw", "ACL SAVE", "ACL LOAD", "ACL LOG",
		"SHUTDOWN", "SHUTDOWN NOSAVE", "DEBUG SLEEP 0", "REPLICAOF 127.0.0.1 1", "SLAVEOF 127.0.0.1 1", "FAILOVER", "SYNC", "PSYNC ? -1", "REPLCONF x y", "MODULE LIST", "MODULE LOAD /x", "MODULE LOADEX /x",
		"MIGRATE 127.0.0.1 1 k 0 1", "SAVE", "BGSAVE", "BGREWRITEAOF", "CLUSTER RESET", "CLUSTER MEET 127.0.0.1 1", "CLIENT PAUSE 1", "CLIENT UNPAUSE", "CLIENT NO-EVICT ON", "PFDEBUG GETREG k", "PFSELFTEST", "RESTORE-ASKING k 0 x",
	} {
		wantRefused(t, line, n.command(n.c, line).Err())
	}
	for _, line := range []string{
		"SET k v", "GET k", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "INFO", "SELECT 1", "SET other 1", "MOVE other 2", "SWAPDB 0 1", "LPUSH l 2 1", "SORT l", "FLUSHDB", "FLUSHALL", "DUMP l",
		`EVAL "return 1" 0`, "SCRIPT FLUSH", "FUNCTION LIST", "FUNCTION STATS", "MEMORY STATS", "MEMORY DOCTOR", "CLIENT LIST", "CLIENT TRACKING ON", "CLIENT KILL TYPE pubsub", "SLOWLOG GET", "SLOWLOG RESET", "LATENCY LATEST",
		"PUBSUB CHANNELS", "PUBLISH c x", "ROLE", "LASTSAVE", "ACL WHOAMI", "MULTI", "EXEC", "OBJECT HELP",
	} {
		if err := n.command(n.c, line).Err(); err != nil && !errors.Is(err, client.Nil) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{"AUTH default x", "AUTH addongw x", "AUTH wrong"} {
		wantError(t, line, n.command(n.c, line).Err(), "WRONGPASS")
	}
	for user, password := range map[string]string{"": "", "default": "", out.Username: "wrong", "addongw": "wrong"} {
		stranger := redistest.Client(out.addr(), user, password)
		if err := stranger.Ping(t.Context()).Err(); err == nil {
			t.Errorf("user %q gets in with password %q", user, password)
		}
		_ = stranger.Close()
	}
	neighbour, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	thief := redistest.Client(decode(t, neighbour.Outputs).addr(), out.Username, op.Secrets["password"])
	defer func() { _ = thief.Close() }()
	wantError(t, "on another's server", thief.Ping(t.Context()).Err(), "WRONGPASS")
}
