// Package fileconsumer stands in for the package of that name, which nothing of ours calls.
package fileconsumer
