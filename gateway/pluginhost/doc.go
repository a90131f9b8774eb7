// Package pluginhost starts backend plugins, keeps them running and stops them.
//
// A [Host] finds the binary of a plugin and runs it in two ways. Open gives an
// unconfigured process, shared by everybody, which describes itself and checks
// configuration. Launch gives a [Backend]: a process of its own with one
// configuration, restarted when it dies, which the engine calls.
//
// Plugins are not trusted to behave: they see nothing of the gateway's
// environment, what they print becomes bounded log lines with known secrets
// masked, what they answer is checked, and they die with the gateway. They run
// as the gateway's user, so they are trusted not to attack it.
//
// The package knows neither configuration files nor resources. It is the only
// one that sees go-plugin's and hclog's types. Read Host first, then Backend,
// then process.go.
package pluginhost
