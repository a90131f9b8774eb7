package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway"
)

// ErrUnreachable says that no gateway answers on the socket.
var ErrUnreachable = errors.New("no gateway answers")

// Client calls the admin API of a running gateway.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a Client for the unix socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 90 * time.Second}}
}

// Status describes the running gateway.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return do[Status](ctx, c, http.MethodGet, "/v1/status", nil)
}

// Reload has the gateway read its configuration again.
func (c *Client) Reload(ctx context.Context, allowOrphans bool) (Reload, error) {
	query := map[string]string{}
	if allowOrphans {
		query["allow_orphans"] = "true"
	}
	return do[Reload](ctx, c, http.MethodPost, "/v1/reload", query)
}

// Resources lists a page of resources.
func (c *Client) Resources(ctx context.Context, f gateway.ResourceFilter) (Resources, error) {
	return do[Resources](ctx, c, http.MethodGet, "/v1/resources", map[string]string{
		"platform": f.Platform, "addon": f.Addon, "plan": f.Plan, "region": f.Region,
		"state": string(f.State), "kind": string(f.Kind), "after": f.After, "limit": limitText(f.Limit),
	})
}

// Resource shows one resource with its operations.
func (c *Client) Resource(ctx context.Context, id string) (ResourceDetail, error) {
	return do[ResourceDetail](ctx, c, http.MethodGet, "/v1/resources/"+url.PathEscape(id), nil)
}

// Retry makes a resource's parked operations due again and returns the newest.
func (c *Client) Retry(ctx context.Context, id string) (Operation, error) {
	return do[Operation](ctx, c, http.MethodPost, "/v1/resources/"+url.PathEscape(id)+"/retry", nil)
}

// Operations lists a page of operations, newest first.
func (c *Client) Operations(ctx context.Context, f gateway.OperationFilter) (Operations, error) {
	query := map[string]string{"resource": f.ResourceID, "state": string(f.State), "after": f.After, "limit": limitText(f.Limit)}
	if f.Waiting {
		query["waiting"] = "true"
	}
	return do[Operations](ctx, c, http.MethodGet, "/v1/operations", query)
}

// Operation shows one operation.
func (c *Client) Operation(ctx context.Context, id string) (Operation, error) {
	return do[Operation](ctx, c, http.MethodGet, "/v1/operations/"+url.PathEscape(id), nil)
}

func limitText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func do[T any](ctx context.Context, c *Client, method, path string, query map[string]string) (T, error) {
	var answer T
	values := url.Values{}
	for k, v := range query {
		if v != "" {
			values.Set(k, v)
		}
	}
	target := url.URL{Scheme: "http", Host: "admin", Opaque: "//admin" + path, RawQuery: values.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return answer, fmt.Errorf("make the request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var failed *url.Error // its own text names a URL that nobody has typed
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return answer, fmt.Errorf("%w on %s: %w", ErrUnreachable, c.path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var p problem
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Message == "" {
			return answer, fmt.Errorf("the gateway answered %s", resp.Status)
		}
		return answer, &gateway.Error{Kind: p.Kind, Message: p.Message}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("read the gateway's answer: %w", err)
	}
	return answer, nil
}
