// Package admin is the office: pages for people who sit in front of a screen eight hours a day.
//
// Every action is one method of Office in a file of its own, and reads in the same six steps: who (Page has asked
// already), load, parse, check, do, show. Its page is a typed struct and a template of the same name. Which URL leads
// to which action, and what right it takes, stands in one list in package server.
//
// The office reaches the hub through Engine, people through auth, and never touches storage.
package admin
