/* As much of Foundation as clang needs to check a caller against gobind's Objective-C header without Xcode. */
#pragma once
typedef signed char int8_t;
typedef int int32_t;
typedef long long int64_t;
typedef _Bool BOOL;
#define FOUNDATION_EXPORT extern
@protocol NSObject
@end
__attribute__((objc_root_class)) @interface NSObject <NSObject>
+ (nonnull instancetype)alloc;
- (nonnull instancetype)init;
@end
@interface NSString : NSObject
@end
@interface NSData : NSObject
@end
@interface NSError : NSObject
@end
@interface NSNumber : NSObject
@end
@interface NSMapTable : NSObject
@end
