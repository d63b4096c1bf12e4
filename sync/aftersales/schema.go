package aftersales

import "fieldsync/sync/schema"

// Version is the schema's version; it rises with every change of a table.
const Version = 1

// The kinds of buckets: what a bucket gathers the rows of.
const (
	JobBucket      schema.BucketKind = 2  // a job with its assignments, visits, slips, times, comments
	AssetBucket    schema.BucketKind = 3  // a unit with its service history
	CustomerBucket schema.BucketKind = 4  // a party with its contacts
	SiteBucket     schema.BucketKind = 5  // a place
	LocationBucket schema.BucketKind = 6  // a stock location's movements and levels
	BranchBucket   schema.BucketKind = 7  // what the people of a branch share: colleagues' keys
	RequestBucket  schema.BucketKind = 8  // a service request
	OfficeBucket   schema.BucketKind = 9  // what about a job stays in the office: nothing grants it
	CostBucket     schema.BucketKind = 10 // what things cost a branch, for who may read it
)

// The rights that holds carry.
const (
	RightWork = "work" // does the job: by an assignment to it
	RightVan  = "van"  // answers for a location's stock: by being its holder
	RightRead = "read" // sees, and writes nothing
)

// Schema is what both ends synchronise. Table ids have gaps between the nouns, so that what joins a noun later can
// stand beside it; column ids from 90 on mean the same in every table (see columns.go).
var Schema = schema.Must(schema.New("aftersales", Version,
	partyTable, contactTable, siteTable,
	requestTable, callTable, waitMarkTable,
	jobTable, assignmentTable,
	visitTable, slipTable, supplementTable, documentNumberTable,
	unitTable,
	productTable, productComponentTable, partTable, priceTable, partCostTable,
	locationTable, stockLevelTable, movementTable,
	timeMarkTable, commentTable, attachmentTable,
	serviceRecordTable,
	meterReadingTable, contractTable, contractCoverTable, chargeTable, billingFindingTable,
	personTable, postingTable, deviceKeyTable, skillTable, absenceTable, resourceTable,
	noticeTable, noticeAttemptTable,
	branchTable, teamTable, membershipTable,
	codeListTable, codeTable, substateTable, fieldSetTable, fieldDefTable,
	findingTable, checklistTable, checklistVersionTable, answerTable,
	consentTable, approvalTable, approvalSecretTable, paymentTable, goodsTable, partRequestTable, handOverTable, discrepancyTable,
	solutionTable, solutionUseTable, documentTable,
	numberFormatTable, numberStartTable, numberClaimTable, settingTable, policyTable, policyVersionTable,
	importTable, importLineTable, apiCallTable, webhookTable, ringTable, externalKeyTable, externalBaseTable,
	positionTable, positionSwitchTable,
))
