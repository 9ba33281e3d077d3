-- Fitted probabilities: the models that a configuration had in force from a morning on.
CREATE TABLE risk_model (
    config_hash TEXT NOT NULL,
    fitted_on BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (config_hash, fitted_on)
);
