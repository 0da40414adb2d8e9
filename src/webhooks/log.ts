/** An event as it is sent. */
export interface WebhookEvent {
  id: string
  type: string
  /** RFC 3339. */
  time: string
  data: object
}

/** The log that events come from, in their order. */
export interface EventLog {
  /** @returns the events among so many entries behind one, and the last entry that was looked at */
  eventsAfter(
    seq: number,
    limit: number,
  ): Promise<{ events: (WebhookEvent & { data: { seq: number } })[]; through: number }>
  /** Undefined: it is not there any more. */
  eventOf(seq: number): Promise<WebhookEvent | undefined>
  /** The number of the newest entry. */
  newest(): Promise<number>
}

/** What a row of the queue says: which event; of a test, the event itself. */
export interface Sent {
  id: string
  type: string
  seq?: number
  test?: WebhookEvent
}
