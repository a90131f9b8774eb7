package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
)

// TestTheKernelLimitsTheMemoryOfAServer needs a machine that lets us: as root,
// outside of most containers. That it does not matter where it can't is proven
// by all the other tests there.
func TestTheKernelLimitsTheMemoryOfAServer(t *testing.T) {
	t.Parallel()
	w := dedicatedWorld(t, attributes{"cgroup": str("auto")})
	group := ""
	op, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	for _, file := range []string{"/sys/fs/cgroup/addongw-redis/" + op.ShortID + "/memory.max", "/sys/fs/cgroup/memory/addongw-redis/" + op.ShortID + "/memory.limit_in_bytes"} {
		if exists(file) {
			group = file
		}
	}
	if group == "" {
		t.Skip("this machine does not let us limit memory")
	}
	wantLimit := func(mb int) {
		t.Helper()
		text, err := os.ReadFile(group)
		if got := strings.TrimSpace(string(text)); err != nil || got != strconv.Itoa(mb<<20) {
			t.Errorf("the limit is %s (%v), want %d MB", got, err, mb)
		}
	}
	wantMember := func() { // a moment after the server begins
		t.Helper()
		await(t, "the server, and nothing else, is in its group", func() bool {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(group), "cgroup.procs"))
			return err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(the(t, "servers", redistest.Servers(t, w.folder)))
		})
	}
	wantLimit(16*2 + 64)
	wantMember()
	// As it is when the runner dies between starting a server and limiting it.
	ok(t, "let it out", os.WriteFile(filepath.Join(filepath.Dir(group), "../../cgroup.procs"), []byte(strconv.Itoa(the(t, "servers", redistest.Servers(t, w.folder)))), 0o644))
	kill(t, the(t, "runners", redistest.Runners(t, w.folder)))
	wantMember()
	op.Plan = dedicatedPlan(32, 10)
	_, err := w.changePlan(op)
	ok(t, "change plan", err)
	wantLimit(32*2 + 64)
	w.use(op)

	// A script takes more than maxmemory; the kernel ends it, and the runner
	// brings the server back with its data.
	before := the(t, "servers", redistest.Servers(t, w.folder))
	c := w.customer(op)
	err = c.Eval(t.Context(), "local t = {} for i = 1, 3000 do t[i] = string.rep('x', 100000) .. i end return 1", nil).Err()
	if err == nil {
		t.Error("a script took 300 MB")
	}
	await(t, "another server begins", func() bool {
		now := redistest.Servers(t, w.folder)
		return len(now) == 1 && now[0] != before
	})
	w.wantBack(op)
	wantMember()
	w.purge(op)
	if exists(filepath.Dir(group)) {
		t.Error("the group is left")
	}
}

func TestHierarchiesOfControlGroups(t *testing.T) {
	t.Parallel()
	one := func(files ...string) string {
		root := t.TempDir()
		for _, file := range files {
			ok(t, "make a folder", os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755))
			ok(t, "write", os.WriteFile(filepath.Join(root, file), nil, 0o644))
		}
		return root
	}
	v2 := one("cgroup.controllers", "cgroup.subtree_control", "addongw-redis/cgroup.subtree_control")
	ok(t, "version 2", redis.FindCgroups(redis.Cgroups(v2, "memory.max", true)))
	for _, file := range []string{"cgroup.subtree_control", "addongw-redis/cgroup.subtree_control"} {
		if text, err := os.ReadFile(filepath.Join(v2, file)); err != nil || string(text) != "+memory" {
			t.Errorf("%s is %q (%v): servers' groups could not limit memory", file, text, err)
		}
	}
	group := filepath.Join(v2, "addongw-redis", "server")
	ok(t, "make a group", os.Mkdir(group, 0o755))
	for _, file := range []string{"memory.max", "memory.swap.max"} {
		ok(t, "write", os.WriteFile(filepath.Join(group, file), nil, 0o644))
	}
	ok(t, "limit", redis.Cgroups(v2, "memory.max", true).Limit("server", 123))
	for file, want := range map[string]string{"memory.max": "123", "memory.swap.max": "0"} {
		if text, err := os.ReadFile(filepath.Join(group, file)); err != nil || string(text) != want {
			t.Errorf("%s is %q (%v), want %s", file, text, err, want)
		}
	}
	ok(t, "version 1", redis.FindCgroups(redis.Cgroups(one("cgroup.procs"), "memory.limit_in_bytes", false)))
	if err := redis.FindCgroups(redis.Cgroups(one(), "memory.max", true)); err == nil || !strings.Contains(err.Error(), "is no cgroup hierarchy") {
		t.Errorf("an empty folder: %v", err)
	}
	closed := one("cgroup.controllers", "addongw-redis/x")
	if err := redis.FindCgroups(redis.Cgroups(closed, "memory.max", true)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that lets nobody limit memory: %v", err)
	}
}

func TestServersSpeakTLS(t *testing.T) {
	t.Parallel()
	files := certificate(t)
	w := dedicatedWorld(t, attributes{"tls_cert_file": str(files + "/cert.pem"), "tls_key_file": str(files + "/key.pem")})
	op, out := w.provision(newOp(dedicatedPlan(16, 10)))
	w.suspend(op)
	w.resume(op)
	if err := w.customer(op).Ping(t.Context()).Err(); err == nil {
		t.Error("a customer gets in without TLS")
	}
	pool := x509.NewCertPool()
	text, err := os.ReadFile(files + "/cert.pem")
	ok(t, "read the certificate", err)
	pool.AppendCertsFromPEM(text)
	c := client.NewClient(&client.Options{
		Addr: out.addr(), Username: out.Username, Password: op.Secrets["password"], Protocol: 2,
		TLSConfig: &tls.Config{RootCAs: pool, ServerName: "redis.acme.example"},
	})
	defer func() { _ = c.Close() }()
	ok(t, "with TLS", c.Ping(context.Background()).Err())
	first := serial(t, out.addr())
	writeCertificate(t, files, func() { // the key is new and the certificate old
		await(t, "the runner finds that they do not match", func() bool {
			log, err := os.ReadFile(filepath.Join(w.folder, ".runner", "log"))
			return err == nil && strings.Contains(string(log), "a certificate is not renewed")
		})
	})
	await(t, "the server has the new certificate", func() bool { return serial(t, out.addr()).Cmp(first) != 0 })
	if session := c.Ping(context.Background()).Err(); session != nil {
		t.Errorf("the session: %v", session)
	}
}

func TestServersThatHangHoldNobodyUpWhenACertificateIsRenewed(t *testing.T) {
	t.Parallel()
	files := certificate(t)
	w := dedicatedWorld(t, attributes{"tls_cert_file": str(files + "/cert.pem"), "tls_key_file": str(files + "/key.pem")})
	for range 2 {
		hung, _ := w.provision(newOp(dedicatedPlan(16, 10)))
		ok(t, "hold it", syscall.Kill(the(t, "servers", redistest.Servers(t, w.folderOf(hung))), syscall.SIGSTOP))
	}
	op, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	before := the(t, "servers", redistest.Servers(t, w.folderOf(op)))
	writeCertificate(t, files, func() {})
	begun := time.Now()
	kill(t, before)
	await(t, "another server begins", func() bool { return len(redistest.Servers(t, w.folderOf(op))) == 1 })
	if took := time.Since(begun); took > 5*time.Second { // one that hangs is waited for as long
		t.Errorf("a server that was killed comes back after %v", took)
	}
}

// serial is that of the certificate that a server shows.
func serial(t *testing.T, addr string) *big.Int {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	ok(t, "dial", err)
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber
}

// certificate makes a folder with one that servers can read.
func certificate(t *testing.T) string {
	t.Helper()
	folder := openFolder(t)
	writeCertificate(t, folder, func() {})
	return folder
}

// openFolder makes one that servers can enter.
func openFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "redistest-")
	ok(t, "make a folder", err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	ok(t, "open the folder", os.Chmod(folder, 0o755))
	return folder
}

// writeCertificate writes a new one, and does something between the two files.
func writeCertificate(t *testing.T, folder string, between func()) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, "make a key", err)
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	ok(t, "draw a number", err)
	template := &x509.Certificate{
		SerialNumber: number, DNSNames: []string{"redis.acme.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ok(t, "sign", err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, "write the key", err)
	write := func(name string, block *pem.Block) {
		next := filepath.Join(folder, name+".next")
		ok(t, "write", os.WriteFile(next, pem.EncodeToMemory(block), 0o644))
		ok(t, "rename", os.Rename(next, filepath.Join(folder, name)))
	}
	write("key.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	between()
	write("cert.pem", &pem.Block{Type: "CERTIFICATE", Bytes: cert})
}
