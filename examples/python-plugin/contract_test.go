// Package notes_test holds the plugin in Python to what plugins in Go are held to.
package notes_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "modernc.org/sqlite"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendpb"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

const (
	program = "plugins/addongw-plugin-notes"
	pepper  = "a-pepper-of-the-test"
)

// needPython skips a test where the interpreter that the plugin's first line names
// lacks something.
func needPython(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import grpc, google.protobuf").CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("/usr/bin/python3 with grpc and protobuf is missing: run make setup\n%s", out)
	}
	t.Skip("/usr/bin/python3 with grpc and protobuf is missing: install python3-grpcio and python3-protobuf")
}

// TestTheGeneratedCodeIsOfTheProtocolOfToday compares what backend_pb2.py was made
// from with what the gateway was.
func TestTheGeneratedCodeIsOfTheProtocolOfToday(t *testing.T) {
	needPython(t)
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-B", "-c", "import backend_pb2, sys; sys.stdout.buffer.write(backend_pb2.DESCRIPTOR.serialized_pb)")
	python.Dir = "plugins"
	text, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs descriptorpb.FileDescriptorProto
	if err := proto.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	ours := protodesc.ToFileDescriptorProto(backendpb.File_plugins_backend_backendpb_backend_proto)
	theirs.Name = ours.Name                                                             // it depends on where protoc was started
	derived := protocmp.IgnoreFields(&descriptorpb.FieldDescriptorProto{}, "json_name") // from the name, in some languages
	if diff := cmp.Diff(ours, &theirs, protocmp.Transform(), derived); diff != "" {
		t.Errorf("run make generate and commit the result (-gateway +backend_pb2.py):\n%s", diff)
	}
}

func subject(directory string) backendtest.Subject {
	plan := func(id string, megabytes int64) backend.Plan {
		return backend.Plan{ID: id, Params: object(map[string]cty.Value{"quota_mb": cty.NumberIntVal(megabytes)})}
	}
	large := plan("large", 1024)
	return backendtest.Subject{
		Program: program,
		Config: object(map[string]cty.Value{
			"directory": cty.StringVal(directory),
			"pepper":    cty.StringVal(pepper).Mark(backend.Sensitive),
			"customers": cty.NullVal(cty.Number),
		}),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: plan("small", 1)} },
		ChangeTo: &large,
		Works:    func(t *testing.T, op backend.Op) bool { return letsIn(t, directory, op) },
	}
}

// letsIn tells whether Acme's application would let a customer in.
func letsIn(t *testing.T, directory string, op backend.Op) bool {
	t.Helper()
	hash := hmac.New(sha256.New, []byte(pepper))
	hash.Write([]byte(op.Secrets["password"]))
	return len(query(t, filepath.Join(directory, "accounts.db"),
		"SELECT name FROM account JOIN password USING (name) WHERE name = ? AND hash = ? AND suspended IS NULL", op.ShortID, hex.EncodeToString(hash.Sum(nil)))) == 1
}

func object(attributes map[string]cty.Value) backend.Value {
	return backend.NewValue(cty.ObjectVal(attributes))
}

func TestContract(t *testing.T) {
	needPython(t)
	backendtest.Run(t, subject(t.TempDir()))
}

// TestCrash kills the plugin at every step.
func TestCrash(t *testing.T) {
	needPython(t)
	directory := t.TempDir()
	backendtest.Crash(t, backendtest.Crashing{
		Subject: subject(directory),
		Things:  func(t *testing.T, op backend.Op) []string { return things(t, directory, op.ShortID) },
		Use: func(t *testing.T, op backend.Op) {
			change(t, filepath.Join(directory, op.ShortID+".db"), "INSERT INTO note (text) VALUES ('mine')")
		},
	})
}

// things are what there is of a customer: the account with its passwords, and the
// notebook with what is in it.
func things(t *testing.T, directory, name string) []string {
	t.Helper()
	accounts := filepath.Join(directory, "accounts.db")
	list := append(query(t, accounts, "SELECT 'account of ' || quota_mb || ' MB, suspended: ' || coalesce(suspended, 'no') FROM account WHERE name = ?", name),
		query(t, accounts, "SELECT 'password' FROM password WHERE name = ?", name)...)
	files, err := filepath.Glob(filepath.Join(directory, name+".db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		list = append(list, "file "+filepath.Base(file))
		if filepath.Ext(file) == ".db" {
			list = append(list, query(t, file, "SELECT 'note ' || text FROM note")...)
		}
	}
	return list
}

func query(t *testing.T, path, statement string, args ...any) (found []string) {
	t.Helper()
	db := open(t, path)
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(context.Background(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func change(t *testing.T, path, statement string) {
	t.Helper()
	db := open(t, path)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=busy_timeout(5000)", path))
	if err != nil {
		t.Fatal(err)
	}
	return db
}
