package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNoSecretLeavesItsPlace plays a whole life with known secrets and looks
// for them wherever they must not be: logs, listings, the store's files, what
// processes show of themselves.
func TestNoSecretLeavesItsPlace(t *testing.T) {
	dir := copyExample(t, "postgres")
	a := startAcme(t, dir)
	order := a.provision("addon_1", "hobby")
	const token = "logplex-canary-7f3a9c"
	order.body = strings.Replace(order.body, `"options"`, `"logplex_token":"`+token+`","options"`, 1)
	made := order.must(t, 200)
	a.change(made.ID, "addon_1", "standard").must(t, 200)
	a.provision("addon_1", "gold").must(t, 422)
	wrong := a.provision("addon_2", "hobby")
	wrong.password = "wrong-password-canary"
	wrong.must(t, 401)

	secrets := map[string]string{
		"the platform's password": password,
		"the salt":                ssoSalt,
		"the customer's password": passwordOf(t, made.Config["ACME_DB_URL"]),
		"the admin password":      passwordOf(t, postgresServer(t).ProvisionerURL),
		"the log token":           token,
		"a wrong password":        wrong.password,
	}
	key, err := os.ReadFile(filepath.Join(dir, "addongw.db.key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["the store's key"] = strings.TrimSpace(string(key))

	places := map[string]string{}
	for _, args := range [][]string{
		{"resources", "list"}, {"resources", "show", made.ID}, {"operations", "list"},
		{"resources", "list", "--json"}, {"resources", "show", made.ID, "--json"}, {"operations", "list", "--json"},
	} {
		out, errOut, code := addongw(t, dir, nil, append(args, "--dir", dir)...)
		if code != 0 {
			t.Errorf("%v: exit %d: %s", args, code, errOut)
		}
		places["the output of "+strings.Join(args, " ")] = out + errOut
	}
	processes(t, dir, a.cmd.Process.Pid, places)
	a.deprovision(made.ID).must(t, 200)
	a.Stop()
	places["the gateway's log"] = a.Log()
	storeFiles(t, dir, places)
	for place, text := range places {
		for what, secret := range secrets {
			for _, form := range forms(secret) {
				if strings.Contains(text, form) {
					t.Errorf("%s shows %s", place, what)
				}
			}
		}
	}
	if len(places) < 10 {
		t.Errorf("only %d places were searched", len(places))
	}
}

// processes adds the arguments of the gateway and what its plugins show of
// their arguments and environment. (The gateway's own environment is how the
// operator hands it its secrets.)
func processes(t *testing.T, dir string, gateway int, places map[string]string) {
	t.Helper()
	plugins := pluginsOf(t, dir)
	if len(plugins) == 0 {
		t.Error("no plugin process found")
	}
	for _, pid := range append(plugins, gateway) {
		for _, file := range []string{"cmdline", "environ"} {
			if pid == gateway && file == "environ" {
				continue
			}
			text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
			if err != nil {
				t.Fatal(err)
			}
			places[fmt.Sprintf("%s of process %d", file, pid)] = string(text)
		}
	}
}

// storeFiles adds the files below dir, save those that the operator wrote and
// the key file.
func storeFiles(t *testing.T, dir string, places map[string]string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".key") {
			return err
		}
		text, err := os.ReadFile(path)
		places[filepath.Base(path)] = string(bytes.ToValidUTF8(text, []byte("?")))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
}
