-- CreateIndex
CREATE INDEX "client_activity_client_id_idx" ON "client_activity"("client_id");
