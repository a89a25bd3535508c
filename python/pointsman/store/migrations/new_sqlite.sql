-- At revision 0027
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0027');
CREATE TABLE api_keys (
	row_key INTEGER NOT NULL, 
	key_id VARCHAR(8) NOT NULL, 
	secret_sha256 BLOB NOT NULL, 
	user_id VARCHAR(128) NOT NULL, 
	scopes TEXT NOT NULL, 
	admin BOOLEAN NOT NULL, 
	display_name TEXT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	expire_time_us BIGINT, 
	revoke_time_us BIGINT, 
	CONSTRAINT pk_api_keys PRIMARY KEY (row_key), 
	CONSTRAINT ck_api_keys_secret_sha256 CHECK (length(secret_sha256) = 32), 
	CONSTRAINT uq_api_keys_key_id UNIQUE (key_id)
);
CREATE TABLE arm_pulls (
	router_key INTEGER NOT NULL, 
	epoch BIGINT NOT NULL, 
	variant VARCHAR(128) NOT NULL, 
	replica VARCHAR(32) NOT NULL, 
	bucket_time_us BIGINT NOT NULL, 
	pulls BIGINT NOT NULL, 
	weighted_pulls FLOAT NOT NULL, 
	sequence BIGINT NOT NULL, weighted_unasked_pulls FLOAT DEFAULT 0 NOT NULL CONSTRAINT ck_arm_pulls_weighted_unasked_pulls CHECK (weighted_unasked_pulls >= 0), weighted_ended_pulls FLOAT DEFAULT 0 NOT NULL CONSTRAINT ck_arm_pulls_weighted_ended_pulls CHECK (weighted_ended_pulls >= 0), weighted_failures FLOAT DEFAULT 0 NOT NULL CONSTRAINT ck_arm_pulls_weighted_failures CHECK (weighted_failures >= 0), weighted_seconds FLOAT DEFAULT 0 NOT NULL CONSTRAINT ck_arm_pulls_weighted_seconds CHECK (weighted_seconds >= 0), weighted_squared_seconds FLOAT DEFAULT 0 NOT NULL CONSTRAINT ck_arm_pulls_weighted_squared_seconds CHECK (weighted_squared_seconds >= 0), 
	CONSTRAINT pk_arm_pulls PRIMARY KEY (router_key, epoch, variant, replica, bucket_time_us), 
	CONSTRAINT ck_arm_pulls_epoch CHECK (epoch > 0), 
	CONSTRAINT ck_arm_pulls_bucket_time CHECK (bucket_time_us >= 0), 
	CONSTRAINT ck_arm_pulls_pulls CHECK (pulls >= 0), 
	CONSTRAINT ck_arm_pulls_weighted_pulls CHECK (weighted_pulls >= 0), 
	CONSTRAINT ck_arm_pulls_sequence CHECK (sequence > 0), 
	CONSTRAINT fk_arm_pulls_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE arm_rewards (
	router_key INTEGER NOT NULL, 
	epoch BIGINT NOT NULL, 
	variant VARCHAR(128) NOT NULL, 
	bucket_time_us BIGINT NOT NULL, 
	metric VARCHAR(128) NOT NULL, 
	origin FLOAT NOT NULL, 
	count FLOAT NOT NULL, 
	sum FLOAT NOT NULL, 
	sum_of_squares FLOAT NOT NULL, 
	calls FLOAT NOT NULL, 
	revision BIGINT NOT NULL, 
	CONSTRAINT pk_arm_rewards PRIMARY KEY (router_key, epoch, variant, bucket_time_us, metric), 
	CONSTRAINT ck_arm_rewards_epoch CHECK (epoch > 0), 
	CONSTRAINT ck_arm_rewards_bucket_time CHECK (bucket_time_us >= 0), 
	CONSTRAINT ck_arm_rewards_calls CHECK (calls >= 0), 
	CONSTRAINT ck_arm_rewards_revision CHECK (revision > 0), 
	CONSTRAINT fk_arm_rewards_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_alert_deliveries (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	delivery_id VARCHAR(32) NOT NULL, 
	event_key INTEGER NOT NULL, 
	channel VARCHAR(128) NOT NULL, 
	recipient TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	tried_us BIGINT, 
	next_us BIGINT, 
	CONSTRAINT ck_drift_alert_deliveries_pending CHECK (status = 'given_up' OR (status = 'pending') = (attempts = 0)), 
	CONSTRAINT ck_drift_alert_deliveries_reason CHECK (status = 'pending' OR (status IN ('failed', 'given_up')) = (reason <> '')), 
	CONSTRAINT ck_drift_alert_deliveries_next CHECK ((status IN ('pending', 'failed')) = (next_us IS NOT NULL)), 
	CONSTRAINT ck_drift_alert_deliveries_status CHECK (status IN ('pending', 'delivered', 'failed', 'given_up')), 
	CONSTRAINT ck_drift_alert_deliveries_attempts CHECK (attempts >= 0 AND (attempts = 0) = (tried_us IS NULL)), 
	CONSTRAINT fk_drift_alert_deliveries_event_key FOREIGN KEY(event_key) REFERENCES drift_alert_events (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_alert_deliveries_delivery_id UNIQUE (delivery_id), 
	CONSTRAINT uq_drift_alert_deliveries_event_key_channel_recipient UNIQUE (event_key, channel, recipient)
);
CREATE TABLE drift_alert_events (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	result_key INTEGER, 
	kind VARCHAR(16) NOT NULL, 
	rule VARCHAR(128) NOT NULL, 
	tier VARCHAR(128) NOT NULL, 
	alert_id VARCHAR(32) NOT NULL, 
	summary TEXT NOT NULL, 
	findings TEXT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	CONSTRAINT ck_drift_alert_events_alert CHECK ((kind = 'test') = (alert_id = '')), 
	CONSTRAINT ck_drift_alert_events_result CHECK (kind <> 'test' OR result_key IS NULL), 
	CONSTRAINT ck_drift_alert_events_kind CHECK (kind IN ('firing', 'escalated', 'repeated', 'recovered', 'ended', 'test')), 
	CONSTRAINT fk_drift_alert_events_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_drift_alert_events_result_key FOREIGN KEY(result_key) REFERENCES drift_results (row_key) ON DELETE SET NULL, 
	CONSTRAINT uq_drift_alert_events_event_id UNIQUE (event_id), 
	CONSTRAINT uq_drift_alert_events_result_key_rule UNIQUE (result_key, rule)
);
CREATE TABLE drift_alert_mutes (
	model_key INTEGER NOT NULL, 
	rule VARCHAR(128) NOT NULL, 
	until_us BIGINT NOT NULL, 
	CONSTRAINT pk_drift_alert_mutes PRIMARY KEY (model_key, rule), 
	CONSTRAINT fk_drift_alert_mutes_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_alert_rules (
	model_key INTEGER NOT NULL, 
	rules TEXT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	CONSTRAINT pk_drift_alert_rules PRIMARY KEY (model_key), 
	CONSTRAINT fk_drift_alert_rules_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_alert_settings (
	model_key INTEGER NOT NULL, 
	settings TEXT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	scheduled_us BIGINT, 
	CONSTRAINT pk_drift_alert_settings PRIMARY KEY (model_key), 
	CONSTRAINT fk_drift_alert_settings_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_alert_states (
	model_key INTEGER NOT NULL, 
	rule VARCHAR(128) NOT NULL, 
	alert_id VARCHAR(32) NOT NULL, 
	level INTEGER NOT NULL, 
	peak INTEGER NOT NULL, 
	fired_us BIGINT NOT NULL, 
	told_us BIGINT NOT NULL, 
	names TEXT NOT NULL, 
	is_judged BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	looked_us BIGINT NOT NULL, 
	window_end_us BIGINT NOT NULL, 
	CONSTRAINT pk_drift_alert_states PRIMARY KEY (model_key, rule), 
	CONSTRAINT ck_drift_alert_states_fired CHECK ((alert_id = '') = (fired_us = 0)), 
	CONSTRAINT ck_drift_alert_states_alert CHECK ((alert_id = '') = (level = 0)), 
	CONSTRAINT ck_drift_alert_states_level CHECK (level >= 0 AND peak >= level), 
	CONSTRAINT ck_drift_alert_states_told CHECK (told_us >= fired_us), 
	CONSTRAINT fk_drift_alert_states_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_analyses (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	baseline_key INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	window_start_us BIGINT NOT NULL, 
	window_end_us BIGINT NOT NULL, 
	start_time_us BIGINT NOT NULL, 
	deadline_us BIGINT NOT NULL, 
	seen_us BIGINT NOT NULL, 
	end_time_us BIGINT, 
	attempt INTEGER NOT NULL, 
	crashes INTEGER NOT NULL, 
	progress FLOAT NOT NULL, 
	error TEXT NOT NULL, 
	CONSTRAINT ck_drift_analyses_error CHECK ((status = 'failed') = (error <> '')), 
	CONSTRAINT ck_drift_analyses_end_time CHECK ((status = 'running') = (end_time_us IS NULL)), 
	CONSTRAINT ck_drift_analyses_status CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')), 
	CONSTRAINT ck_drift_analyses_attempt CHECK (attempt > 0 AND crashes >= 0), 
	CONSTRAINT ck_drift_analyses_progress CHECK (progress >= 0 AND progress <= 1), 
	CONSTRAINT ck_drift_analyses_window CHECK (window_start_us < window_end_us), 
	CONSTRAINT fk_drift_analyses_baseline_key FOREIGN KEY(baseline_key) REFERENCES drift_baselines (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_drift_analyses_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_analyses_job_id UNIQUE (job_id)
);
CREATE TABLE drift_baselines (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	baseline_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	active BOOLEAN NOT NULL, 
	sample_size INTEGER NOT NULL, 
	task VARCHAR(16) NOT NULL, 
	class_labels TEXT NOT NULL, 
	features BLOB NOT NULL, 
	targets BLOB, 
	labeled BLOB, 
	create_time_us BIGINT NOT NULL, 
	CONSTRAINT ck_drift_baselines_task CHECK (task IN ('unspecified', 'classification', 'regression')), 
	CONSTRAINT ck_drift_baselines_sample_size CHECK (sample_size > 0), 
	CONSTRAINT fk_drift_baselines_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_baselines_baseline_id UNIQUE (baseline_id), 
	CONSTRAINT uq_drift_baselines_model_key_version UNIQUE (model_key, version)
);
CREATE TABLE drift_horizons (
	model_key INTEGER NOT NULL, 
	settled_us BIGINT NOT NULL, 
	CONSTRAINT pk_drift_horizons PRIMARY KEY (model_key), 
	CONSTRAINT ck_drift_horizons_settled_us CHECK (settled_us > 0), 
	CONSTRAINT fk_drift_horizons_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_predictions (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prediction_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	model_version VARCHAR(128) NOT NULL, 
	time_us BIGINT NOT NULL, 
	entity_id TEXT NOT NULL, 
	features TEXT NOT NULL, 
	prediction TEXT NOT NULL, 
	probabilities TEXT NOT NULL, 
	confidence FLOAT, 
	latency_ms FLOAT, 
	CONSTRAINT ck_drift_predictions_probabilities CHECK ((confidence IS NULL) = (probabilities = '')), 
	CONSTRAINT ck_drift_predictions_confidence CHECK (confidence >= 0 AND confidence <= 1), 
	CONSTRAINT ck_drift_predictions_latency CHECK (latency_ms >= 0), 
	CONSTRAINT fk_drift_predictions_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_predictions_prediction_id UNIQUE (prediction_id)
);
CREATE TABLE drift_results (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	result_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	analysis_key INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	body TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	CONSTRAINT ck_drift_results_status CHECK (status IN ('ok', 'warning', 'alert')), 
	CONSTRAINT fk_drift_results_analysis_key FOREIGN KEY(analysis_key) REFERENCES drift_analyses (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_drift_results_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_results_analysis_key UNIQUE (analysis_key), 
	CONSTRAINT uq_drift_results_result_id UNIQUE (result_id)
);
CREATE TABLE drift_streams (
	model_key INTEGER NOT NULL, 
	feature TEXT NOT NULL, 
	algorithm VARCHAR(128) NOT NULL, 
	baseline_key INTEGER NOT NULL, 
	begun_us BIGINT NOT NULL, 
	read_until_us BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	days TEXT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	CONSTRAINT pk_drift_streams PRIMARY KEY (model_key, feature, algorithm), 
	CONSTRAINT ck_drift_streams_feature CHECK (feature <> '' AND length(feature) <= 256), 
	CONSTRAINT ck_drift_streams_algorithm CHECK (algorithm <> ''), 
	CONSTRAINT ck_drift_streams_read_until CHECK (begun_us <= read_until_us), 
	CONSTRAINT ck_drift_streams_row_count CHECK (row_count >= 0), 
	CONSTRAINT ck_drift_streams_state CHECK (state <> '' AND length(state) <= 16384), 
	CONSTRAINT ck_drift_streams_days CHECK (length(days) <= 2048), 
	CONSTRAINT fk_drift_streams_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_drift_streams_baseline_key FOREIGN KEY(baseline_key) REFERENCES drift_baselines (row_key) ON DELETE CASCADE
);
CREATE TABLE drift_truth_uploads (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	model_key INTEGER NOT NULL, 
	upload_id VARCHAR(128) NOT NULL, 
	format VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	begin_us BIGINT NOT NULL, 
	update_us BIGINT NOT NULL, 
	byte_count BIGINT NOT NULL, 
	line_count BIGINT NOT NULL, 
	columns TEXT NOT NULL, 
	faults TEXT NOT NULL, 
	kept_before BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	inserted BIGINT NOT NULL, 
	corrected BIGINT NOT NULL, 
	repeated BIGINT NOT NULL, 
	place BIGINT, 
	unsettled_from BIGINT, 
	CONSTRAINT ck_drift_truth_uploads_format CHECK (format IN ('csv', 'tsv', 'json_lines')), 
	CONSTRAINT ck_drift_truth_uploads_status CHECK (status IN ('open', 'complete', 'refused')), 
	CONSTRAINT ck_drift_truth_uploads_place CHECK ((status = 'complete') = (place IS NOT NULL)), 
	CONSTRAINT ck_drift_truth_uploads_unsettled_from CHECK (status = 'complete' OR unsettled_from IS NULL), 
	CONSTRAINT fk_drift_truth_uploads_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_drift_truth_uploads_model_key_upload_id UNIQUE (model_key, upload_id), 
	CONSTRAINT uq_drift_truth_uploads_model_key_place UNIQUE (model_key, place)
);
CREATE TABLE drift_truths (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	truth_id VARCHAR(32) NOT NULL, 
	model_key INTEGER NOT NULL, 
	upload_key BIGINT DEFAULT '0' NOT NULL, 
	entity_id TEXT NOT NULL, 
	entity_hash VARCHAR(32) NOT NULL, 
	outcome_time_us BIGINT NOT NULL, 
	outcome TEXT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT ck_drift_truths_upload CHECK (upload_key >= 0), 
	CONSTRAINT uq_drift_truths_model_key_entity_id_outcome_time_us_upload_key UNIQUE (model_key, entity_id, outcome_time_us, upload_key), 
	CONSTRAINT ck_drift_truths_entity CHECK (entity_id <> ''), 
	CONSTRAINT ck_drift_truths_entity_hash CHECK (length(entity_hash) = 32), 
	CONSTRAINT ck_drift_truths_revision CHECK (revision > 0), 
	CONSTRAINT fk_drift_truths_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE erased_predictions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest BIGINT NOT NULL, 
	prediction_time_us BIGINT NOT NULL, 
	CONSTRAINT ck_erased_predictions_prediction_time CHECK (prediction_time_us >= 0), 
	CONSTRAINT uq_erased_predictions_digest UNIQUE (digest)
);
CREATE TABLE erasure_predictions (
	erasure_key INTEGER NOT NULL, 
	prediction_id TEXT NOT NULL, 
	CONSTRAINT pk_erasure_predictions PRIMARY KEY (erasure_key, prediction_id), 
	CONSTRAINT fk_erasure_predictions_erasure_key FOREIGN KEY(erasure_key) REFERENCES erasures (row_key) ON DELETE CASCADE
);
CREATE TABLE erasure_servers (
	erasure_key INTEGER NOT NULL, 
	journal_id VARCHAR(32) NOT NULL, 
	revision BIGINT NOT NULL, 
	erased BOOLEAN NOT NULL, 
	CONSTRAINT pk_erasure_servers PRIMARY KEY (erasure_key, journal_id), 
	CONSTRAINT fk_erasure_servers_erasure_key FOREIGN KEY(erasure_key) REFERENCES erasures (row_key) ON DELETE CASCADE
);
CREATE TABLE erasures (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	router_id VARCHAR(128) NOT NULL, 
	entity_id TEXT, 
	request_time_us BIGINT NOT NULL, 
	complete_time_us BIGINT, 
	prediction_count BIGINT NOT NULL, 
	feedback_count BIGINT NOT NULL, 
	CONSTRAINT ck_erasures_complete CHECK ((entity_id IS NULL) = (complete_time_us IS NOT NULL)), 
	CONSTRAINT uq_erasures_router_id_entity_id UNIQUE (router_id, entity_id)
);
CREATE TABLE feedback (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prediction_id TEXT NOT NULL, 
	"row" INTEGER NOT NULL, 
	metric VARCHAR(128) NOT NULL, 
	router_key INTEGER NOT NULL, 
	variant VARCHAR(128) NOT NULL, 
	epoch BIGINT NOT NULL, 
	propensity FLOAT NOT NULL, 
	value FLOAT NOT NULL, 
	observe_time_us BIGINT NOT NULL, 
	prediction_time_us BIGINT NOT NULL, 
	apply_time_us BIGINT NOT NULL, 
	counted BOOLEAN NOT NULL, 
	revision INTEGER NOT NULL, 
	exported BOOLEAN NOT NULL, 
	CONSTRAINT ck_feedback_row CHECK (row >= 0 AND row <= 1000000), 
	CONSTRAINT ck_feedback_revision CHECK (revision > 0), 
	CONSTRAINT fk_feedback_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_feedback_prediction_id_row_metric UNIQUE (prediction_id, "row", metric)
);
CREATE TABLE feedback_totals (
	router_key INTEGER NOT NULL, 
	variant VARCHAR(128) NOT NULL, 
	metric VARCHAR(128) NOT NULL, 
	count BIGINT NOT NULL, 
	CONSTRAINT pk_feedback_totals PRIMARY KEY (router_key, variant, metric), 
	CONSTRAINT ck_feedback_totals_count CHECK (count > 0), 
	CONSTRAINT fk_feedback_totals_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE former_slot_tables (
	router_key INTEGER NOT NULL, 
	revision BIGINT NOT NULL, 
	names TEXT NOT NULL, 
	slot_runs TEXT NOT NULL, 
	counts_sha256 BLOB NOT NULL, 
	CONSTRAINT pk_former_slot_tables PRIMARY KEY (router_key, counts_sha256), 
	CONSTRAINT ck_former_slot_tables_counts_sha256 CHECK (length(counts_sha256) = 32), 
	CONSTRAINT ck_former_slot_tables_revision CHECK (revision > 0), 
	CONSTRAINT fk_former_slot_tables_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE generation (
	"row" INTEGER NOT NULL, 
	value BIGINT NOT NULL, 
	access_changed BIGINT NOT NULL, 
	signing_changed BIGINT NOT NULL, token VARCHAR(32) DEFAULT '' NOT NULL, base_token VARCHAR(32) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_generation PRIMARY KEY ("row"), 
	CONSTRAINT ck_generation_one_row CHECK (row = 1), 
	CONSTRAINT ck_generation_value CHECK (value >= 0)
);
INSERT INTO "generation" VALUES(1,0,0,0,'','');
CREATE TABLE generation_tokens (
	value BIGINT NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_generation_tokens PRIMARY KEY (value), 
	CONSTRAINT ck_generation_tokens_value CHECK (value >= 0)
);
INSERT INTO "generation_tokens" VALUES(0,'');
CREATE TABLE installation (
	"row" INTEGER NOT NULL, 
	entity_key BLOB NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	CONSTRAINT pk_installation PRIMARY KEY ("row"), 
	CONSTRAINT ck_installation_one_row CHECK (row = 1), 
	CONSTRAINT ck_installation_entity_key CHECK (length(entity_key) = 32)
);
CREATE TABLE job_leases (
	job VARCHAR(128) NOT NULL, 
	owner VARCHAR(32) NOT NULL, 
	fencing BIGINT NOT NULL, 
	until_us BIGINT NOT NULL, 
	done_time_us BIGINT, 
	CONSTRAINT pk_job_leases PRIMARY KEY (job), 
	CONSTRAINT ck_job_leases_job CHECK (job <> ''), 
	CONSTRAINT ck_job_leases_fencing CHECK (fencing >= 0), 
	CONSTRAINT ck_job_leases_owner CHECK ((fencing = 0) = (owner = '')), 
	CONSTRAINT ck_job_leases_until CHECK (until_us >= 0), 
	CONSTRAINT ck_job_leases_done_time CHECK (done_time_us >= 0)
);
CREATE TABLE journal_positions (
	journal_id VARCHAR(32) NOT NULL, 
	stream VARCHAR(16) NOT NULL, 
	position BIGINT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	CONSTRAINT pk_journal_positions PRIMARY KEY (journal_id, stream), 
	CONSTRAINT ck_journal_positions_stream CHECK (stream IN ('predictions', 'feedback')), 
	CONSTRAINT ck_journal_positions_position CHECK (position >= 0)
);
CREATE TABLE journal_starts (
	journal_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	start_id VARCHAR(32) NOT NULL, 
	predictions_end BIGINT NOT NULL, 
	feedback_end BIGINT NOT NULL, 
	CONSTRAINT pk_journal_starts PRIMARY KEY (journal_id, number), 
	CONSTRAINT fk_journal_starts_journal_id FOREIGN KEY(journal_id) REFERENCES journals (journal_id) ON DELETE CASCADE
);
CREATE TABLE journals (
	journal_id VARCHAR(32) NOT NULL, 
	start_id VARCHAR(32), 
	place TEXT NOT NULL, 
	held BOOLEAN NOT NULL, 
	renewals BIGINT NOT NULL, 
	renew_time_us BIGINT NOT NULL, 
	predictions_end BIGINT NOT NULL, 
	feedback_end BIGINT NOT NULL, 
	former_id VARCHAR(32), 
	former_predictions BIGINT, 
	former_feedback BIGINT, 
	CONSTRAINT pk_journals PRIMARY KEY (journal_id)
);
CREATE TABLE "lake_files" (
	row_key INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	path TEXT NOT NULL, 
	router_id VARCHAR(128) NOT NULL, 
	model_id VARCHAR(128) NOT NULL, 
	date VARCHAR(10) NOT NULL, 
	journal_id VARCHAR(32) NOT NULL, 
	start_position BIGINT NOT NULL, 
	end_position BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	byte_count BIGINT NOT NULL, 
	min_time_us BIGINT NOT NULL, 
	max_time_us BIGINT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	replace_time_us BIGINT, 
	router_incarnation BIGINT DEFAULT '0' NOT NULL CONSTRAINT ck_lake_files_router_incarnation CHECK (router_incarnation >= 0), 
	CONSTRAINT pk_lake_files PRIMARY KEY (row_key), 
	CONSTRAINT ck_lake_files_kind CHECK ((kind IN ('predictions', 'shadows', 'logged') AND model_id <> '') OR (kind = 'feedback' AND model_id = '')), 
	CONSTRAINT ck_lake_files_path CHECK (path <> ''), 
	CONSTRAINT ck_lake_files_positions CHECK (start_position >= 0 AND start_position <= end_position), 
	CONSTRAINT ck_lake_files_row_count CHECK (row_count > 0), 
	CONSTRAINT ck_lake_files_byte_count CHECK (byte_count > 0), 
	CONSTRAINT ck_lake_files_times CHECK (min_time_us <= max_time_us), 
	CONSTRAINT uq_lake_files_path UNIQUE (path)
);
CREATE TABLE logged_erasures (
	erasure_key INTEGER NOT NULL, 
	model_key INTEGER NOT NULL, 
	last_number BIGINT NOT NULL, 
	prediction_count BIGINT NOT NULL, 
	CONSTRAINT pk_logged_erasures PRIMARY KEY (erasure_key, model_key), 
	CONSTRAINT ck_logged_erasures_last_number CHECK (last_number >= 0), 
	CONSTRAINT ck_logged_erasures_prediction_count CHECK (prediction_count >= 0), 
	CONSTRAINT fk_logged_erasures_erasure_key FOREIGN KEY(erasure_key) REFERENCES erasures (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_logged_erasures_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE model_permissions (
	model_key INTEGER NOT NULL, 
	user_id VARCHAR(128) NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_model_permissions PRIMARY KEY (model_key, user_id), 
	CONSTRAINT ck_model_permissions_position CHECK (position >= 0), 
	CONSTRAINT fk_model_permissions_model_key FOREIGN KEY(model_key) REFERENCES models (row_key) ON DELETE CASCADE
);
CREATE TABLE model_version_tags (
	model_version_key INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	tag TEXT NOT NULL, 
	CONSTRAINT pk_model_version_tags PRIMARY KEY (model_version_key, position), 
	CONSTRAINT fk_model_version_tags_model_version_key FOREIGN KEY(model_version_key) REFERENCES model_versions (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_model_version_tags_model_version_key_tag UNIQUE (model_version_key, tag)
);
CREATE TABLE model_versions (
	row_key INTEGER NOT NULL, 
	model_id VARCHAR(128) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	backend_kind VARCHAR(8), 
	backend_target TEXT, 
	backend_model_name TEXT, 
	backend_model_version TEXT, 
	given_signature TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	stage VARCHAR(16) NOT NULL, 
	description TEXT NOT NULL, 
	run_uri TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	owner VARCHAR(128) NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	delete_time_us BIGINT, 
	changed_generation BIGINT NOT NULL, backend_sha256 VARCHAR(64) CONSTRAINT ck_model_versions_backend_sha256 CHECK (backend_sha256 IS NULL OR (backend_kind = 'onnx' AND length(backend_sha256) = 64 AND backend_sha256 = lower(backend_sha256))), 
	CONSTRAINT pk_model_versions PRIMARY KEY (row_key), 
	CONSTRAINT ck_model_versions_backend CHECK ((backend_kind IS NULL AND backend_target IS NULL) OR (backend_kind IN ('grpc', 'onnx') AND backend_target IS NOT NULL)), 
	CONSTRAINT ck_model_versions_stage CHECK (stage IN ('none', 'staging', 'production', 'archived'))
);
CREATE TABLE models (
	row_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	model_id VARCHAR(128) NOT NULL, 
	owner VARCHAR(128) NOT NULL, 
	public BOOLEAN NOT NULL, 
	public_predict BOOLEAN NOT NULL, 
	revision BIGINT NOT NULL, 
	CONSTRAINT ck_models_revision CHECK (revision > 0), 
	CONSTRAINT uq_models_model_id UNIQUE (model_id)
);
CREATE TABLE permissions (
	router_key INTEGER NOT NULL, 
	user_id VARCHAR(128) NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_permissions PRIMARY KEY (router_key, user_id), 
	CONSTRAINT fk_permissions_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE router_metrics (
	router_key INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	position INTEGER NOT NULL, 
	type VARCHAR(8) NOT NULL, 
	min_value FLOAT, 
	max_value FLOAT, 
	direction VARCHAR(8) NOT NULL, 
	CONSTRAINT pk_router_metrics PRIMARY KEY (router_key, name), 
	CONSTRAINT ck_router_metrics_type CHECK (type IN ('number', 'binary', 'count')), 
	CONSTRAINT ck_router_metrics_direction CHECK (direction IN ('maximise', 'minimise')), 
	CONSTRAINT ck_router_metrics_range CHECK (min_value <= max_value), 
	CONSTRAINT fk_router_metrics_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_router_metrics_router_key_position UNIQUE (router_key, position)
);
CREATE TABLE router_revisions (
	router_key INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	generation BIGINT NOT NULL, 
	last_generation BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	user_id VARCHAR(128) NOT NULL, 
	key_id VARCHAR(8) NOT NULL, 
	time_us BIGINT NOT NULL, 
	summary TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	source_number BIGINT, 
	snapshot BLOB NOT NULL, 
	slots_sha256 BLOB NOT NULL, 
	CONSTRAINT pk_router_revisions PRIMARY KEY (router_key, number), 
	CONSTRAINT ck_router_revisions_number CHECK (number > 0), 
	CONSTRAINT ck_router_revisions_generations CHECK (generation >= 0 AND generation <= last_generation), 
	CONSTRAINT ck_router_revisions_kind CHECK (kind IN ('imported', 'created', 'updated', 'reweighted', 'toggled', 'permissions', 'deployed', 'started', 'failed', 'stopped', 'deleted', 'rolled_back')), 
	CONSTRAINT ck_router_revisions_source_number CHECK ((kind = 'rolled_back') = (source_number IS NOT NULL)), 
	CONSTRAINT fk_router_revisions_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE, 
	CONSTRAINT fk_router_revisions_router_key_slots_sha256 FOREIGN KEY(router_key, slots_sha256) REFERENCES router_slot_tables (router_key, sha256), 
	CONSTRAINT uq_router_revisions_router_key_generation UNIQUE (router_key, generation)
);
CREATE TABLE router_slot_tables (
	router_key INTEGER NOT NULL, 
	sha256 BLOB NOT NULL, 
	slot_runs BLOB NOT NULL, 
	CONSTRAINT pk_router_slot_tables PRIMARY KEY (router_key, sha256), 
	CONSTRAINT ck_router_slot_tables_sha256 CHECK (length(sha256) = 32), 
	CONSTRAINT fk_router_slot_tables_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE
);
CREATE TABLE router_tags (
	router_key INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	tag TEXT NOT NULL, 
	CONSTRAINT pk_router_tags PRIMARY KEY (router_key, position), 
	CONSTRAINT fk_router_tags_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_router_tags_router_key_tag UNIQUE (router_key, tag)
);
CREATE TABLE routers (
	row_key INTEGER NOT NULL, 
	router_id VARCHAR(128) NOT NULL, 
	display_name TEXT NOT NULL, 
	description TEXT NOT NULL, 
	strategy VARCHAR(16) NOT NULL, 
	sticky BOOLEAN NOT NULL, 
	version_pinning VARCHAR(8) NOT NULL, 
	answer_router_name BOOLEAN NOT NULL, 
	default_timeout_ms BIGINT NOT NULL, 
	record_predictions BOOLEAN NOT NULL, 
	public BOOLEAN NOT NULL, 
	public_predict BOOLEAN NOT NULL, 
	owner VARCHAR(128) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	status_message TEXT NOT NULL, 
	serving BOOLEAN NOT NULL, 
	salt BLOB NOT NULL, 
	slot_runs TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	changed_generation BIGINT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	deploy_time_us BIGINT, 
	delete_time_us BIGINT, features_share FLOAT DEFAULT 1 NOT NULL CONSTRAINT ck_routers_features_share CHECK (features_share >= 0 AND features_share <= 1), exclude_features TEXT DEFAULT '[]' NOT NULL, max_body_bytes BIGINT DEFAULT 65536 NOT NULL CONSTRAINT ck_routers_max_body_bytes CHECK (max_body_bytes > 0), entity_recording VARCHAR(8) DEFAULT 'plain' NOT NULL CONSTRAINT ck_routers_entity_recording CHECK (entity_recording IN ('plain', 'hmac', 'none')), durability VARCHAR(8) DEFAULT 'buffered' NOT NULL CONSTRAINT ck_routers_durability CHECK (durability IN ('buffered', 'durable')), retention_days INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_routers_retention_days CHECK (retention_days >= 0), retention_bytes BIGINT DEFAULT 0 NOT NULL CONSTRAINT ck_routers_retention_bytes CHECK (retention_bytes >= 0), allow_feedback_corrections BOOLEAN DEFAULT 0 NOT NULL, incarnation BIGINT DEFAULT '0' NOT NULL CONSTRAINT ck_routers_incarnation CHECK (incarnation >= 0), allow_single BOOLEAN DEFAULT 0 NOT NULL, fallback VARCHAR(16) DEFAULT 'none' NOT NULL CONSTRAINT ck_routers_fallback CHECK (fallback IN ('none', 'control', 'any_healthy')), policy TEXT DEFAULT '{}' NOT NULL, override_variant VARCHAR(128), override_expire_time_us BIGINT, override_reason TEXT, override_user_id VARCHAR(128), override_create_time_us BIGINT CONSTRAINT ck_routers_override_whole CHECK ((override_variant IS NULL) = (override_expire_time_us IS NULL) AND (override_variant IS NULL) = (override_reason IS NULL) AND (override_variant IS NULL) = (override_user_id IS NULL) AND (override_variant IS NULL) = (override_create_time_us IS NULL)), shadow_share FLOAT DEFAULT 1 NOT NULL CONSTRAINT ck_routers_shadow_share CHECK (shadow_share >= 0 AND shadow_share <= 1), 
	CONSTRAINT pk_routers PRIMARY KEY (row_key), 
	CONSTRAINT ck_routers_status CHECK (status IN ('registered', 'deploying', 'running', 'stopped', 'failed')), 
	CONSTRAINT ck_routers_strategy CHECK (strategy IN ('weighted', 'feature_rules', 'bandit', 'canary')), 
	CONSTRAINT ck_routers_version_pinning CHECK (version_pinning IN ('allow', 'ignore')), 
	CONSTRAINT ck_routers_default_timeout_ms CHECK (default_timeout_ms >= 0), 
	CONSTRAINT ck_routers_salt CHECK (length(salt) = 16), 
	CONSTRAINT ck_routers_revision CHECK (revision > 0)
);
CREATE TABLE servers (
	journal_id VARCHAR(32) NOT NULL, 
	place TEXT NOT NULL, 
	seen_time_us BIGINT NOT NULL, 
	stored_until_us BIGINT NOT NULL, 
	ended BOOLEAN NOT NULL, 
	CONSTRAINT pk_servers PRIMARY KEY (journal_id)
);
CREATE TABLE signing_keys (
	key_id INTEGER NOT NULL, 
	secret BLOB NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	retire_time_us BIGINT, 
	CONSTRAINT pk_signing_keys PRIMARY KEY (key_id), 
	CONSTRAINT ck_signing_keys_key_id CHECK (key_id >= 0 AND key_id <= 255), 
	CONSTRAINT ck_signing_keys_secret CHECK (length(secret) = 32)
);
CREATE TABLE users (
	user_id VARCHAR(128) NOT NULL, 
	scopes TEXT NOT NULL, 
	admin BOOLEAN NOT NULL, 
	display_name TEXT NOT NULL, 
	description TEXT NOT NULL, 
	create_time_us BIGINT NOT NULL, 
	update_time_us BIGINT NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (user_id), 
	CONSTRAINT ck_users_user_id CHECK (length(user_id) > 0), 
	CONSTRAINT ck_users_scopes CHECK (scopes IN ('', 'mlops:read', 'mlops:write', 'mlops:predict', 'mlops:read,mlops:write', 'mlops:read,mlops:predict', 'mlops:write,mlops:predict', 'mlops:read,mlops:write,mlops:predict')), 
	CONSTRAINT ck_users_admin_scopes CHECK (NOT admin OR scopes = ''), 
	CONSTRAINT ck_users_times CHECK (update_time_us >= create_time_us)
);
CREATE TABLE "variants" (
	router_key INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	position INTEGER NOT NULL, 
	model_version_key INTEGER NOT NULL, 
	weight FLOAT NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_variants PRIMARY KEY (router_key, name), 
	CONSTRAINT ck_variants_role CHECK (role IN ('candidate', 'control', 'canary', 'shadow')), 
	CONSTRAINT ck_variants_weight CHECK (weight >= 0 AND weight <= 100), 
	CONSTRAINT fk_variants_model_version_key FOREIGN KEY(model_version_key) REFERENCES model_versions (row_key), 
	CONSTRAINT fk_variants_router_key FOREIGN KEY(router_key) REFERENCES routers (row_key) ON DELETE CASCADE, 
	CONSTRAINT uq_variants_router_key_position UNIQUE (router_key, position)
);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
CREATE INDEX ix_model_versions_changed_generation ON model_versions (changed_generation);
CREATE UNIQUE INDEX uq_model_versions_present ON model_versions (model_id, version) WHERE delete_time_us IS NULL;
CREATE UNIQUE INDEX uq_model_versions_production ON model_versions (model_id) WHERE stage = 'production' AND delete_time_us IS NULL;
CREATE INDEX ix_routers_changed_generation ON routers (changed_generation);
CREATE INDEX ix_routers_owner ON routers (owner);
CREATE UNIQUE INDEX uq_routers_present ON routers (router_id) WHERE delete_time_us IS NULL;
CREATE INDEX ix_model_version_tags_tag ON model_version_tags (tag);
CREATE INDEX ix_permissions_user_id ON permissions (user_id);
CREATE INDEX ix_router_tags_tag ON router_tags (tag);
CREATE INDEX ix_feedback_prediction_time_us_router_key ON feedback (prediction_time_us, router_key);
CREATE INDEX ix_feedback_sums ON feedback (router_key, variant, metric, prediction_time_us, value, counted);
CREATE INDEX ix_feedback_to_export ON feedback (router_key, sequence) WHERE NOT exported;
CREATE INDEX ix_erasure_servers_journal_id ON erasure_servers (journal_id);
CREATE UNIQUE INDEX uq_routers_incarnation ON routers (router_id, incarnation) WHERE incarnation <> 0;
CREATE INDEX ix_router_revisions_router_key_slots_sha256 ON router_revisions (router_key, slots_sha256);
CREATE TRIGGER job_leases_fencing BEFORE UPDATE ON job_leases WHEN NEW.fencing < OLD.fencing OR (NEW.fencing = OLD.fencing AND NEW.owner <> OLD.owner) BEGIN SELECT RAISE(ABORT, 'job_leases: a fencing number goes to one owner and never goes back'); END;
CREATE TRIGGER job_leases_stay BEFORE DELETE ON job_leases BEGIN SELECT RAISE(ABORT, 'job_leases: a fencing number goes to one owner and never goes back'); END;
CREATE INDEX ix_model_permissions_user_id ON model_permissions (user_id);
CREATE INDEX ix_routers_override_expire_time_us ON routers (override_expire_time_us);
CREATE INDEX ix_variants_model_version_key ON variants (model_version_key);
CREATE INDEX ix_drift_alert_settings_scheduled ON drift_alert_settings (model_key) WHERE scheduled_us IS NOT NULL;
CREATE UNIQUE INDEX ix_drift_baselines_active ON drift_baselines (model_key) WHERE active;
CREATE INDEX ix_drift_predictions_model_key_entity_id ON drift_predictions (model_key, entity_id, time_us);
CREATE INDEX ix_drift_predictions_model_key_time_us ON drift_predictions (model_key, time_us);
CREATE INDEX ix_drift_analyses_baseline_key ON drift_analyses (baseline_key);
CREATE UNIQUE INDEX ix_drift_analyses_running ON drift_analyses (model_key) WHERE status = 'running';
CREATE INDEX ix_drift_results_model_key ON drift_results (model_key, row_key);
CREATE INDEX ix_erased_predictions_prediction_time_us ON erased_predictions (prediction_time_us);
CREATE INDEX ix_drift_truths_update_time_us ON drift_truths (update_time_us);
CREATE INDEX ix_drift_truths_upload ON drift_truths (upload_key, row_key) WHERE upload_key <> 0;
CREATE INDEX ix_drift_streams_baseline_key ON drift_streams (baseline_key);
CREATE INDEX ix_drift_alert_events_model_key ON drift_alert_events (model_key, row_key);
CREATE UNIQUE INDEX ix_drift_alert_events_once ON drift_alert_events (alert_id, kind) WHERE kind IN ('firing', 'recovered');
CREATE INDEX ix_drift_alert_deliveries_next_us ON drift_alert_deliveries (next_us) WHERE next_us IS NOT NULL;
CREATE UNIQUE INDEX ix_drift_alert_events_over ON drift_alert_events (alert_id) WHERE kind IN ('recovered', 'ended');
CREATE INDEX ix_lake_files_router_id_kind_max_time_us ON lake_files (router_id, kind, max_time_us);
CREATE INDEX ix_lake_files_replaced ON lake_files (replace_time_us) WHERE replace_time_us IS NOT NULL;
CREATE INDEX ix_lake_files_logged ON lake_files (end_position) WHERE kind = 'logged';
CREATE INDEX ix_logged_erasures_model_key ON logged_erasures (model_key);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('feedback',0);
INSERT INTO "sqlite_sequence" VALUES('drift_truths',0);
INSERT INTO "sqlite_sequence" VALUES('drift_alert_events',0);
INSERT INTO "sqlite_sequence" VALUES('drift_alert_deliveries',0);
