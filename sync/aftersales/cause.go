package aftersales

// The names of the commands: what a change set says that its author did (record.ChangeSet.Cause), and what the audit
// shows. They are only ever added.
const (
	CauseRequestCreate = "request.create"
	CauseRequestSolve  = "request.solve"
	CauseRequestMove   = "request.move"
	CauseRequestHand   = "request.hand"
	CauseRequestClose  = "request.close"
	CauseRequestReopen = "request.reopen"
	CauseRequestWait   = "request.wait"
	CauseCallRegister  = "call.register"

	CauseJobCreate   = "job.create"
	CauseJobAssign   = "job.assign"
	CauseJobUnassign = "job.unassign"
	CauseJobReassign = "job.reassign"
	CauseJobPlan     = "job.plan"
	CauseJobFinding  = "job.finding"
	CauseJobComplete = "job.complete"
	CauseJobCancel   = "job.cancel"
	CauseJobClose    = "job.close"
	CauseJobReopen   = "job.reopen"
	CauseJobNote     = "job.note"
	CauseJobSubstate = "job.substate"
	CauseJobRelease  = "job.release"

	CauseVisitAccept   = "visit.accept"
	CauseVisitTravel   = "visit.travel"
	CauseVisitArrive   = "visit.arrive"
	CauseVisitPause    = "visit.pause"
	CauseVisitResume   = "visit.resume"
	CauseVisitDecline  = "visit.decline"
	CauseVisitNoAccess = "visit.no_access"

	CauseSlipWrite   = "slip.write"
	CauseSlipSign    = "slip.sign"
	CauseSlipAudit   = "slip.audit"
	CauseSlipUnaudit = "slip.unaudit"

	CausePartUse      = "part.use"
	CausePartReturn   = "part.return"
	CausePartIssue    = "part.issue"
	CausePartTransfer = "part.transfer"
	CausePartReceive  = "part.receive"
	CausePartScrap    = "part.scrap"
	CausePartCount    = "part.count"
	CausePartCorrect  = "part.correct"
	CauseUnitSwap     = "unit.swap"
	CauseUnitService  = "unit.service"

	CauseTimeMark   = "time.mark"
	CauseComment    = "comment.add"
	CauseAttachment = "attachment.add"

	CauseEdit      = "row.edit"
	CauseArchive   = "row.archive"
	CauseUnarchive = "row.unarchive"
	CauseMerge     = "row.merge"
	CauseUnmerge   = "row.unmerge"
	CauseCreate    = "row.create"
	CauseSetUp     = "company.setup"
)
