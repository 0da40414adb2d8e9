/** What is written down of the request to the gateway. */
export interface RequestSettings {
  readonly smsUrl: string
  readonly smsHeaders: string
  readonly smsBody: string
}

/** Whether SMS_SECRET stands in a request. */
export const hasSecret = ({ smsUrl, smsHeaders, smsBody }: RequestSettings): boolean =>
  /\{secret/.test(smsUrl + smsHeaders + smsBody)

/**
 * Whether a request would take SMS_SECRET to another host than the environment names: who may change settings could read it there.
 * @param host SMS_HOST
 */
export const leadsAstray = (request: RequestSettings, host: string | undefined): boolean =>
  request.smsUrl !== '' &&
  hasSecret(request) &&
  URL.parse(request.smsUrl.replaceAll(/[{}]/g, ''))?.hostname !== host
