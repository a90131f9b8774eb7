package nanobox

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// ordered is a server that many checks share: each costs something.
type ordered struct {
	id, name string
	order    conformance.Call
	first    conformance.Call // the first question for it, right behind the order
	until    []conformance.Call
	active   *conformance.Call // the first answer that says so; nil: none did
}

// Provide makes a server, or a key to order one with.
func (Platform) Provide(ctx context.Context, s *conformance.Session, name string) (known spec.Vars, why string) {
	switch name {
	case "ssh_key":
		key, why := sshKey(ctx, s)
		return spec.Vars{"ssh_key": string(key)}, why
	case "server", "active_server":
		o, why := server(ctx, s)
		if why == "" && name == "active_server" {
			why = awaken(ctx, s, o)
		}
		if why != "" {
			return nil, why
		}
		return spec.Vars{name: o.id, "server_name": o.name}, ""
	}
	return nil, ""
}

// sshKey is what an order carries: the id of a key, its text, or nothing where
// passwords open servers.
func sshKey(ctx context.Context, s *conformance.Session) (json.RawMessage, string) {
	known := s.Provider.Known
	if known["password_mode"] != "" {
		return json.RawMessage("null"), ""
	}
	text := spec.SSHKey("order@addongw.example")
	if known["key_reference"] == "" {
		return quoted(text), ""
	}
	if id, _ := s.Shared()["key"].(string); s.Alive(keys, id) {
		return quoted(id), ""
	}
	call, err := s.Send(ctx, NewClient(s.Provider).AddKey(newName(), text))
	id := conformance.AnsweredID(call.Answer)
	if err != nil || !call.Answer.Succeeded() || id == "" {
		return nil, "a key to order with: " + failure(call, err)
	}
	s.Hold(keys, id)
	s.Shared()["key"] = id
	return quoted(id), ""
}

func quoted(text string) json.RawMessage {
	quoted, _ := json.Marshal(text) // a text always encodes
	return quoted
}

func newName() string { return "addongw-" + hex.EncodeToString(conformance.Random(10)) }

func failure(call conformance.Call, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case !call.Answer.Succeeded():
		return fmt.Sprintf("status is %d", call.Answer.Status)
	default:
		return "the answer has no id"
	}
}

// server returns the server that checks share, ordering one where it is gone.
func server(ctx context.Context, s *conformance.Session) (*ordered, string) {
	if o, _ := s.Shared()[servers].(*ordered); o != nil && s.Alive(servers, o.id) {
		return o, ""
	}
	key, why := sshKey(ctx, s)
	if why != "" {
		return nil, why
	}
	o := &ordered{name: newName() + ".1.1"}
	known := s.Provider.Known
	region := cmp.Or(s.Provider.Region, known["region"])
	var err error
	o.order, err = s.Send(ctx, NewClient(s.Provider).Order(Order{Name: o.name, Region: region, Size: known["size"], SSHKey: key}))
	o.id = conformance.AnsweredID(o.order.Answer)
	if err != nil || !o.order.Answer.Succeeded() || o.id == "" {
		return nil, "a server: " + failure(o.order, err)
	}
	s.Hold(servers, o.id)
	s.Shared()[servers] = o
	if o.first, err = s.Send(ctx, NewClient(s.Provider).Server(o.id)); err != nil {
		return nil, "a server: " + err.Error()
	}
	return o, ""
}

// awaken waits until a server can be used. It asks again where that was so
// before: a reboot takes a while.
func awaken(ctx context.Context, s *conformance.Session, o *ordered) string {
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	last, reminder := "", s.Reminder(o.id+" to become active")
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		reminder.Look()
		call, err := s.Send(ctx, NewClient(s.Provider).Server(o.id))
		if err != nil {
			return "a server that can be used: " + waited(ctx, s, last, err)
		}
		if o.active == nil {
			o.until = append(o.until, call)
		}
		switch last = statusOf(call); last {
		case "active":
			if o.active == nil {
				o.active = &call
			}
			return ""
		case "error":
			return "a server that can be used: its status is error"
		}
		select {
		case <-ctx.Done():
			return "a server that can be used: " + waited(ctx, s, last, ctx.Err())
		case <-time.After(pause):
		}
	}
}

func waited(ctx context.Context, s *conformance.Session, last string, err error) string {
	if ctx.Err() == nil {
		return err.Error()
	}
	return fmt.Sprintf("after %s its status is %q", conformance.Duration(s.Wait), last)
}

// answered is the object of an answer about a server.
func answered(call conformance.Call) map[string]any {
	var body map[string]any
	if json.Unmarshal(call.Answer.Body, &body) != nil {
		return nil
	}
	return body
}

func statusOf(call conformance.Call) string {
	status, _ := answered(call)["status"].(string)
	return status
}
