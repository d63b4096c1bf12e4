package main

import "golang.org/x/text/language"

// sideWords are what the page says in one language.
type sideWords struct {
	Tag    string
	Title  string
	Try    string
	Office string
	Signal string
	Steps  []string
}

var sideLanguages = []sideWords{
	{
		"en", "The office and two phones", "Make a conflict in two minutes", "Office", "Signal",
		[]string{
			"On one phone, take the signal away: its border turns red.",
			"There, open the first job and work on it: accept it, set out, be there, and finish it with a few words. Everything goes on as if nothing were amiss; above, you see how much waits.",
			"In the office, open the same job under Jobs, by the number at the top of the phone, and cancel it with a reason.",
			"Give the phone its signal back. What was done is done, what was cancelled was cancelled: nothing is lost, and a person decides, in the office under Inbox.",
			"The last job of the day is on both phones, and shows changes of one on the other as they happen: add a message and look.",
		},
	}, {
		"zh-Hans", "办公室与两部手机", "两分钟制造一个冲突", "办公室", "信号",
		[]string{
			"关掉一部手机的信号：边框变红。",
			"在这部手机上打开第一个工单并处理：接单、出发、到达，写几句话后完成。一切照常，上方显示有多少待同步。",
			"在办公室的“工单”里按手机顶端的编号打开同一个工单，写明原因后取消。",
			"恢复手机信号。做过的已做，取消的已取消：什么都不会丢，由人在办公室的“收件箱”里决定。",
			"当天最后一个工单两部手机都有，一部的变更会实时显示在另一部上：写一条消息试试。",
		},
	}, {
		"zh-Hant", "辦公室與兩部手機", "兩分鐘製造一個衝突", "辦公室", "訊號",
		[]string{
			"關掉一部手機的訊號：邊框變紅。",
			"在這部手機上開啟第一張工單並處理：接單、出發、到達，寫幾句話後完成。一切照常，上方顯示有多少待同步。",
			"在辦公室的「工單」裡按手機頂端的編號開啟同一張工單，寫明原因後取消。",
			"恢復手機訊號。做過的已做，取消的已取消：什麼都不會遺失，由人在辦公室的「收件匣」裡決定。",
			"當天最後一張工單兩部手機都有，一部的變更會即時顯示在另一部上：寫一則訊息試試。",
		},
	},
}

var sideMatcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese, language.TraditionalChinese})

// sideLanguage returns the words for who accepts those languages.
func sideLanguage(accepts string) sideWords {
	_, i := language.MatchStrings(sideMatcher, accepts)
	return sideLanguages[i]
}
