// A program that uses the library from Objective-C. It is only checked, not run: a wrong name or type is an error.
#import "Mobile.objc.h"

@interface Ears : NSObject <MobileListener, MobileStatusListener>
@end

@implementation Ears
- (BOOL)onResult:(NSString *)resultJSON error:(NSError **)error { return 1; }
- (BOOL)onError:(NSString *)text error:(NSError **)error { return 1; }
- (BOOL)onStatus:(NSString *)statusJSON error:(NSError **)error { return 1; }
@end

@interface Keys : NSObject <MobileKeystore>
@end

@implementation Keys
- (BOOL)newest:(int64_t *)number error:(NSError **)error { *number = 1; return 1; }
- (BOOL)destroy:(NSError **)error { return 1; }
- (NSData *)key:(int64_t)number error:(NSError **)error { return 0; }
@end

BOOL aDay(NSString *directory, NSString *server, NSString *code, NSString *job, NSString *photo, NSString *json) {
	NSError *error = 0;
	MobileConfig *config = MobileNewConfig(directory);
	config.reducePhotos = 1;
	config.wiFiOnly = 1;
	config.zone = server;
	MobileClient *client = MobileOpen(config, [[Keys alloc] init], &error);
	if (!client || ![client enroll:server code:code deviceName:server error:&error]) return 0;
	if (![client syncOnce:30000 error:&error] || ![client connect:&error]) return 0;
	MobileSubscription *status = [client watchStatus:[[Ears alloc] init] error:&error];
	MobileSubscription *jobs = [client observe:json listener:[[Ears alloc] init] error:&error];
	NSString *list = [client jobs:json error:&error];
	NSString *made = [client execute:job inputJSON:json error:&error];
	NSString *file = [client attach:job id_:job path:photo infoJSON:json error:&error];
	NSString *url = [client startApp:&error];
	if (!list || !made || !file || !url || ![client saveThumbnail:file path:photo error:&error]) return 0;
	if (![jobs cancel:&error] || ![status cancel:&error]) return 0;
	return [client suspend:&error] && [client resume:&error] && [client close:&error];
}
