/** Apart from client IDs (`lk_`), account ids (UUIDs) and the addresses of client documents. */
const ID = /^api_[0-9a-f]{32}$/

/** Whether a client_id is of the form that credentials of APIs have. */
export const isApiCredential = (id: string): boolean => ID.test(id)
