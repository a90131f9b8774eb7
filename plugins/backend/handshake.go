package backend

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// What gateway and plugin agree on before they speak. The cookie is a courtesy
// to people who start a plugin by hand, who are told what it is; it protects
// nothing.
const (
	CookieKey       = "ADDONGW_PLUGIN"
	CookieValue     = "backend"
	ProtocolVersion = 1         // grows when older plugins can no longer be spoken with
	PluginName      = "backend" // the one plugin of a binary, in go-plugin's words
	LifelineEnv     = "ADDONGW_LIFELINE_FD"
)

// Handshake gives the cookie as go-plugin wants it. The version is negotiated
// through Plugins.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{MagicCookieKey: CookieKey, MagicCookieValue: CookieValue}
}

// Plugins lists what is served, by protocol version. The gateway, which serves
// nothing, passes nil.
func Plugins(b Backend) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{ProtocolVersion: {PluginName: &grpcPlugin{backend: b}}}
}

// grpcPlugin joins our client and server to go-plugin.
type grpcPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	backend Backend
}

var _ plugin.GRPCPlugin = (*grpcPlugin)(nil)

func (p *grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	Register(s, p.backend)
	return nil
}

func (p *grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return NewClient(conn), nil
}
