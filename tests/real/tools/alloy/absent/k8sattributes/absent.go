// Package k8sattributesprocessor stands in for the package of that name, which nothing of ours
// calls.
package k8sattributesprocessor
