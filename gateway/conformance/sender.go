package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// DefaultTimeout is how long a Sender waits for an answer.
const DefaultTimeout = 30 * time.Second

// maxAnswer is how much of an answer is read. Nothing that a platform takes is
// nearly as long.
const maxAnswer = 4 << 20

// Sender sends requests to a provider as a platform does: it follows no
// redirect and keeps no cookie.
type Sender struct {
	provider Provider
	client   http.Client
	hide     *secret.Redactor // nil: nothing
}

// NewSender makes a Sender that waits so long for an answer; 0:
// DefaultTimeout.
func NewSender(p Provider, timeout time.Duration) *Sender {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // an answer is judged byte for byte
	return &Sender{provider: p, hide: p.redactor(), client: http.Client{
		Timeout:       timeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Call is a request with what came back.
type Call struct {
	Request Request
	Answer  spec.Answer // Status 0: none came
	Took    time.Duration

	// Unsettled: the answer promises something that, as far as anybody knows,
	// is not there yet.
	Unsettled bool

	Err error // why none came

	asked place
	hide  *secret.Redactor // what must not be shown, wherever it occurs; nil: nothing
}

// Send sends a request and reads the answer to its end. The Call is worth
// showing on an error, too.
func (s *Sender) Send(ctx context.Context, r Request) (Call, error) {
	call := Call{Request: r, asked: s.provider.place(r.URL), hide: s.hide}
	started := time.Now()
	call.Answer, call.Err = s.send(ctx, r)
	call.Took = time.Since(started)
	return call, call.Err
}

func (s *Sender) send(ctx context.Context, r Request) (spec.Answer, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return spec.Answer{}, fmt.Errorf("make request: %w", err)
	}
	request.Header = r.Header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if r.Basic {
		request.SetBasicAuth(s.provider.Username, s.provider.Password.Reveal())
	}
	if r.Signed {
		Sign(request.Header, s.provider.Credentials)
	}
	// Bytes behind a 204 would spoil the next answer on the connection.
	request.Close = r.Method == http.MethodDelete
	response, err := s.client.Do(request)
	if err != nil {
		return spec.Answer{}, reason(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return spec.Answer{}, fmt.Errorf("read answer: %w", reason(err))
	}
	if response.StatusCode == http.StatusNoContent {
		body = announced(response)
	}
	return spec.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// announced stands for a body behind a 204, where HTTP has no place for one:
// net/http reads no further, while other clients take it for the next answer.
// Only its length is known.
func announced(r *http.Response) []byte {
	length, _ := strconv.Atoi(r.Header.Get("Content-Length"))
	if length <= 0 && len(r.TransferEncoding) > 0 {
		length = 1
	}
	return bytes.Repeat([]byte("?"), min(max(length, 0), maxAnswer))
}

// Close ends the connections that are kept open.
func (s *Sender) Close() { s.client.CloseIdleConnections() }
