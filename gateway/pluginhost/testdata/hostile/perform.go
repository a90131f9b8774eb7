package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// certificate is a well-formed one that nobody asked for.
const certificate = "MIIBfzCCASWgAwIBAgIUbBhiH3QdbP2crsobbDzpC8V6594wCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAxNTE0MloYDzIxMjYxMDI5MDE1MTQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASTIM0xfjlbZ9EIpQFEnSPzvKBR7TxKuKTshkQqynVPeuJGuXaKH5OKoNobgS/2imLxqCz4E4KuWcXNRQpZPtRmo1MwUTAdBgNVHQ4EFgQU+hZRv4WRf7GIkiskBn6MYvqzQY8wHwYDVR0jBBgwFoAU+hZRv4WRf7GIkiskBn6MYvqzQY8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAuxtaHtHa0dofGa9W73RnWvgzue2xvAo7IGeL7znN8cICIDT8mJo6E1AyXrqH3v2mR2jhZotGhblsIXQT4l7Dtvn5"

func result(outputs, state string) *backendpb.Event {
	return &backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{
		Outputs: &backendpb.Value{Json: []byte(outputs)}, State: []byte(state),
	}}}
}

func logged(message string) *backendpb.Event {
	return &backendpb.Event{Event: &backendpb.Event_Log{Log: &backendpb.Log{Message: message}}}
}

func progress(message string) *backendpb.Event {
	return &backendpb.Event{Event: &backendpb.Event_Progress{Progress: &backendpb.Progress{Message: message, Percent: 1 << 30}}}
}

func checkpoint(step, state string) *backendpb.Event {
	return &backendpb.Event{Event: &backendpb.Event_Checkpoint{Checkpoint: &backendpb.Checkpoint{Step: step, State: []byte(state)}}}
}

func failure(message string) *backendpb.Event {
	return &backendpb.Event{Event: &backendpb.Event_Failure{Failure: &backendpb.Failure{
		Class: 99, Message: message, Customer: message, RetryAfter: &durationpb.Duration{Seconds: 315_576_000_000},
	}}}
}

const good = `{"name":"n"}`

// perform does what the params of the plan say.
func (s *server) perform(op *backendpb.Op, events stream) error {
	what, argument, _ := strings.Cut(do(op), " ")
	mine := fmt.Sprintf(`{"pid":%d}`, os.Getpid())
	send := func(list ...*backendpb.Event) error {
		for _, event := range list {
			if err := events.Send(event); err != nil {
				return err
			}
		}
		return nil
	}
	switch what {
	case "good":
	case "outputs":
		return send(result(argument, ""))
	case "huge-output":
		return send(result(`{"name":"`+strings.Repeat("x", 3<<20)+`"}`, ""))
	case "huge-state":
		return send(result(good, `"`+strings.Repeat("x", 64<<10)+`"`))
	case "huge-checkpoint":
		return send(checkpoint("s", `"`+strings.Repeat("x", 64<<10)+`"`), result(good, ""))
	case "bad-state":
		return send(result(good, "{"))
	case "huge-message":
		return send(logged(strings.Repeat("x", 5<<20)), result(good, ""))
	case "long-error":
		return fmt.Errorf("%s", strings.Repeat("long ", 1<<20))
	case "no-result":
		return send(progress("almost"))
	case "two-results":
		return send(result(good, `{"first":1}`), result(`{"name":"other"}`, `{"second":2}`))
	case "after-result":
		return send(result(good, `{"first":1}`), checkpoint("late", "{}"), failure("late"), logged("late"))
	case "failure":
		return send(failure("no"))
	case "exit-in-stream":
		_ = send(progress("about to go"))
		os.Exit(9)
	case "panic-in-stream":
		panic("at the disco")
	case "hang":
		_ = send(checkpoint("hanging", ""))
		<-events.Context().Done()
		select {}
	case "many-checkpoints":
		for i := 0; ; i++ {
			if err := send(checkpoint("s", fmt.Sprint(i))); err != nil {
				return err
			}
		}
	case "flood":
		return s.flood(argument, events)
	case "malformed":
		for _, line := range malformed() {
			raw(2, line+"\n")
			raw(1, line+"\n")
			fmt.Fprintln(os.Stderr, line)
			fmt.Println(line)
		}
		raw(2, "{\"msg\":\"still here\"}\n")
	case "leak":
		return s.leak(op.GetSecrets()["password"], events)
	case "children":
		pids, _ := json.Marshal(map[string]int{"pid": os.Getpid(), "near": child(false), "far": child(true, sockets()...)})
		return send(result(good, string(pids)))
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-events.Context().Done()
	}
	return send(result(good, mine))
}

// sockets duplicates every socket of the process: its listener and connections.
func sockets() []*os.File {
	var found []*os.File
	entries, _ := filepath.Glob("/proc/self/fd/*")
	for _, entry := range entries {
		target, _ := os.Readlink(entry)
		var fd int
		if _, err := fmt.Sscanf(filepath.Base(entry), "%d", &fd); err != nil || !strings.HasPrefix(target, "socket:") {
			continue
		}
		if copied, err := syscall.Dup(fd); err == nil {
			found = append(found, os.NewFile(uintptr(copied), "socket"))
		}
	}
	return found
}

func malformed() []string {
	return []string{
		`{"@level":1}`, `{"@level":{},"@message":[]}`, `{"@timestamp":7,"@level":"info"}`, `{"@module":null,"@caller":{}}`, `[]`, `[1,2]`, `null`, `17`, `"x"`,
		`{`, `{}`, `{"":""}`, `{"a":` + strings.Repeat("[", 9000), `{"a":1e999999}`, `{"msg":"a","msg":1}`, `{"msg":"x"} trailing`, "\x00\x00\x00", "a\x00b", "\xff\xfe\xfd",
		`{"msg":"` + "\xff\x00" + `"}`, "\x1b[2J\x1b[31mred", "\r\r\r", "", "panic: not really", strings.Repeat("x", 200_000), `{"level":"` + strings.Repeat("y", 100_000) + `"}`,
		"1|1|unix|/nowhere|grpc|", "\u202egnp.exe", `{"time":{"a":[{}]},"level":"PANIC"}`,
	}
}

// flood writes or sends until the call ends.
func (s *server) flood(how string, events stream) error {
	line := strings.Repeat("flood ", 20) + "\n"
	lines, endless := strings.Repeat(line, 500), strings.Repeat("e", 64<<10)
	for events.Context().Err() == nil {
		switch how {
		case "stderr":
			raw(2, lines)
		case "endless":
			raw(2, endless)
		case "stdout":
			fmt.Print(lines) // by way of the connection
		case "events":
			if err := events.Send(logged(line)); err != nil {
				return err
			}
		}
	}
	return nil
}
