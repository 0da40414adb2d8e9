/**
 * The audience of the userinfo endpoint, for tokens that name what they are for. A token without any audience is for
 * userinfo alone.
 */
export const userinfoAudience = (issuer: string): string => `${issuer}/userinfo`

/** Whether an access token with this audience is good at userinfo (RFC 9068 §4: an API takes what names it, nothing else). */
export const isForUserinfo =
  (issuer: string) =>
  (audience: string | readonly string[]): boolean =>
    [audience].flat().includes(userinfoAudience(issuer))
