// Package standin is what stand-ins of the platforms' own APIs have in common:
// they ask for the provider's credentials, and they can be made to answer
// wrongly. What an API answers when all is well is in a package for each
// platform.
//
// Read [Counter] first, then [Fault].
package standin
