package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// lxc is a command that keeps containers as files, and gives one its address when
// it is asked for the second time.
const lxc = `
echo "$*" >>"$DATA/log"
at=$DATA/$2
case $1 in
info) [ -e "$at" ] ;;
init) at=$DATA/$3; [ ! -e "$at" ] && echo stopped >"$at" ;;
start) [ "$(cat "$at")" = stopped ] && echo running >"$at" ;;
restart) [ -e "$at" ] ;;
delete) rm "$DATA/$3" ;;
list) [ ! -e "$at.asked" ] || echo "10.1.2.3 (eth0)"; : >"$at.asked" ;;
esac`

// TestTheExampleOfActionsWorks runs the script that README.md shows.
func TestTheExampleOfActionsWorks(t *testing.T) {
	t.Parallel()
	_, script, found := strings.Cut(readFile(t, "README.md"), "```sh\n#!/bin/sh\n")
	script, _, ended := strings.Cut(script, "\n```\n")
	if !found || !ended {
		t.Fatal("README.md has no example of actions")
	}
	b := acting(t, map[string]string{"invoke": script}, "verify", "create_server", "delete_server", "reboot")
	data, bin := t.TempDir(), scriptDir(t, map[string]string{"lxc": lxc})
	tokens := filepath.Join(data, "token")
	if err := os.WriteFile(tokens, []byte("good-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	op := withEnv(someOp(t), map[string]cty.Value{
		"TOKEN_FILE": cty.StringVal(tokens), "DATA": cty.StringVal(data), "PATH": cty.StringVal(bin + ":" + searchPath),
	})
	for _, wrong := range []map[string]string{nil, {"access-token": ""}, {"access-token": "bad-token"}} {
		op.Credential = wrong
		_, _, err := invoke(t, b, "verify", op)
		wantFailure(t, err, backend.Unauthorized)
	}
	op.Credential = map[string]string{"access-token": "good-token"}
	mustInvoke(t, b, "verify", op)
	for range 2 { // a repeat makes no other
		result, _ := mustInvoke(t, b, "create_server", op)
		got := result.Outputs.Cty().AsValueMap()
		if got["ref"].AsString() != "server-abcdefgh2345" || got["status"].AsString() != "active" || got["external_ip"].AsString() != "10.1.2.3" {
			t.Errorf("the server is %#v", got)
		}
	}
	mustInvoke(t, b, "reboot", op)
	mustInvoke(t, b, "delete_server", op)
	_, _, err := invoke(t, b, "delete_server", op)
	wantFailure(t, err, backend.NotFound)
	var made []string
	for line := range strings.Lines(readFile(t, filepath.Join(data, "log"))) {
		if verb, _, _ := strings.Cut(line, " "); verb == "init" || verb == "restart" || verb == "delete" {
			made = append(made, verb)
		}
	}
	if diff := cmp.Diff([]string{"init", "restart", "delete"}, made); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}
